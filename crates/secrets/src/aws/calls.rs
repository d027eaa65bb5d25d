//! The calls of Secrets Manager, each as the adapter needs it.

use aws_sdk_secretsmanager::Client;
use domain::{SecretPath, SecretReference, SecretText};

use super::failure::Failure;
use super::labels::{Labels, PLACEHOLDER, PLACEHOLDER_TEXT, label};

/// For how many days a secret that is deleted can be restored: the least that AWS allows.
const RECOVERY_DAYS: i64 = 7;

/// The calls of Secrets Manager.
#[derive(Clone)]
pub(super) struct Calls {
    client: Client,
    kms_key_id: Option<String>,
}

impl Calls {
    pub(super) fn new(client: Client, kms_key_id: Option<String>) -> Self {
        Self { client, kms_key_id }
    }

    /// Makes the secret, with the placeholder as its current version.
    pub(super) async fn create(&self, path: &SecretPath) -> Result<(), Failure> {
        let call = self.client.create_secret().name(path.as_str()).set_kms_key_id(self.kms_key_id.clone());
        let call = call.client_request_token(PLACEHOLDER).secret_string(PLACEHOLDER_TEXT);
        let answer = call.description("Kept by the pool-manager: do not edit").send().await;
        answer.map(drop).map_err(|error| Failure::of("CreateSecret", path, &error))
    }

    /// Adds a version to a secret that is there. Sent again it does nothing.
    pub(super) async fn put(&self, reference: &SecretReference, text: &SecretText) -> Result<(), Failure> {
        let SecretReference { path, version } = reference;
        let call = self.client.put_secret_value().secret_id(path.as_str());
        let call = call.client_request_token(version.to_string()).version_stages(label(*version));
        let answer = call.secret_string(text.expose()).send().await;
        answer.map(drop).map_err(|error| Failure::of("PutSecretValue", path, &error))
    }

    /// The text of a version.
    pub(super) async fn get(&self, reference: &SecretReference) -> Result<SecretText, Failure> {
        let SecretReference { path, version } = reference;
        let call = self.client.get_secret_value().secret_id(path.as_str()).version_id(version.to_string());
        let answer = call.send().await.map_err(|error| Failure::of("GetSecretValue", path, &error))?;
        answer.secret_string.map(SecretText::new).ok_or_else(|| Failure::no_text("GetSecretValue"))
    }

    /// Which version has which labels.
    pub(super) async fn labels(&self, path: &SecretPath) -> Result<Labels, Failure> {
        let answer = self.client.describe_secret().secret_id(path.as_str()).send().await;
        let answer = answer.map_err(|error| Failure::of("DescribeSecret", path, &error))?;
        let is_deleted = answer.deleted_date.is_some();
        Ok(Labels { by_version: answer.version_ids_to_stages.unwrap_or_default(), is_deleted })
    }

    /// Takes a label from one version and gives it to another. AWS refuses it when the first does not have it.
    pub(super) async fn move_label(
        &self,
        path: &SecretPath,
        label: &str,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<(), Failure> {
        let call = self.client.update_secret_version_stage().secret_id(path.as_str()).version_stage(label);
        let call = call.set_remove_from_version_id(from.map(String::from));
        let answer = call.set_move_to_version_id(to.map(String::from)).send().await;
        answer.map(drop).map_err(|error| Failure::of("UpdateSecretVersionStage", path, &error))
    }

    /// Schedules the secret for deletion. Until then it can be restored and not be read.
    pub(super) async fn delete(&self, path: &SecretPath) -> Result<(), Failure> {
        let call = self.client.delete_secret().secret_id(path.as_str());
        let answer = call.recovery_window_in_days(RECOVERY_DAYS).send().await;
        answer.map(drop).map_err(|error| Failure::of("DeleteSecret", path, &error))
    }

    /// Takes the secret back from deletion.
    pub(super) async fn restore(&self, path: &SecretPath) -> Result<(), Failure> {
        let answer = self.client.restore_secret().secret_id(path.as_str()).send().await;
        answer.map(drop).map_err(|error| Failure::of("RestoreSecret", path, &error))
    }
}
