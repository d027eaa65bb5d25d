//! Credentials with which applications call others on behalf of a tenant.

mod body;
mod new_credential;

use std::sync::Arc;

use domain::{
    AuditAction, Credential, CredentialName, SecretStoreError, SecretText, ServiceName, Tenant, TenantId,
    Timestamp,
};
use zeroize::Zeroizing;

use crate::records::Records;
use crate::refusal::{Missing, Refusal};
use crate::writing::{Story, Writing};
pub use body::{ExternalSecret, M2mSecret};
use new_credential::{Mode, NewCredential, facts};

/// How many random bytes a client secret has that is made here.
const SECRET_BYTES: usize = 32;

/// Writes and removes credentials. Cheap to clone.
#[derive(Clone)]
pub struct Credentials(Arc<Records>);

/// Which credential of which tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialPath {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub name: CredentialName,
}

/// A credential as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialView {
    /// Which application calls what.
    pub name: CredentialName,
    /// Where the secret is, under each spelling of the tenant's id.
    pub credential: Credential,
    /// What was written, where it is of the platform.
    pub m2m: Option<M2mSecret>,
}

impl Credentials {
    pub(crate) fn new(records: Arc<Records>) -> Self {
        Self(records)
    }

    /// Makes one for a service of the platform.
    pub async fn create_m2m(
        &self,
        path: &CredentialPath,
        secret: M2mSecret,
        writing: Writing<'_, CredentialView>,
    ) -> Result<CredentialView, Refusal> {
        self.write_m2m(path, secret, Mode::Create, writing).await
    }

    /// Makes one, or puts it in place of the one that is there.
    pub async fn put_m2m(
        &self,
        path: &CredentialPath,
        secret: M2mSecret,
        writing: Writing<'_, CredentialView>,
    ) -> Result<CredentialView, Refusal> {
        self.write_m2m(path, secret, Mode::Put, writing).await
    }

    /// Gives the client that is there another secret, made here.
    pub async fn rotate_m2m(
        &self,
        path: &CredentialPath,
        writing: Writing<'_, CredentialView>,
    ) -> Result<CredentialView, Refusal> {
        let tenant = self.0.living(&path.tenant, writing.actor).await?;
        let former = tenant.credentials.get(&path.name).and_then(|it| it.secrets.first());
        let former = former.ok_or(Missing::Credential)?;
        let text = self.0.parts.secrets.get(former).await?;
        let secret = M2mSecret::of_body(&text).ok_or_else(|| SecretStoreError::Unreadable {
            path: former.path.clone(),
            source: "it is not of the form that was written".into(),
        })?;
        let secret = M2mSecret { client_secret: self.new_secret()?, ..secret };
        let credential = NewCredential { path, body: secret.body()?, m2m: Some(secret), mode: Mode::Rotate };
        self.write(&tenant, credential, writing).await
    }

    /// Makes one for somebody else's service.
    pub async fn create_external(
        &self,
        path: &CredentialPath,
        secret: ExternalSecret,
        writing: Writing<'_, CredentialView>,
    ) -> Result<CredentialView, Refusal> {
        self.write_external(path, secret, Mode::Create, writing).await
    }

    /// Makes one, or puts it in place of the one that is there.
    pub async fn put_external(
        &self,
        path: &CredentialPath,
        secret: ExternalSecret,
        writing: Writing<'_, CredentialView>,
    ) -> Result<CredentialView, Refusal> {
        self.write_external(path, secret, Mode::Put, writing).await
    }

    /// Removes one.
    pub async fn delete(&self, path: &CredentialPath, writing: Writing<'_, ()>) -> Result<(), Refusal> {
        let edit = |tenant: &mut Tenant, _now: Timestamp| {
            let gone = tenant.credentials.remove(&path.name).ok_or(Missing::Credential)?;
            let mut story = Story::of(AuditAction::Delete, path.name.to_string());
            story.before = Some(facts(&gone));
            Ok(Some(story))
        };
        self.0.edit_tenant(&path.tenant, writing, edit, |_tenant| ()).await
    }

    async fn write_m2m(
        &self,
        path: &CredentialPath,
        mut secret: M2mSecret,
        mode: Mode,
        writing: Writing<'_, CredentialView>,
    ) -> Result<CredentialView, Refusal> {
        secret.check(self.0.parts.hosts)?;
        let tenant = self.0.living(&path.tenant, writing.actor).await?;
        if secret.target_base_url.is_none()
            && let Ok(service) = path.name.target.as_str().parse::<ServiceName>()
        {
            let catalogue = self.0.parts.catalogue.catalogue().await?;
            let service = catalogue.services.get(&service);
            secret.target_base_url = service.and_then(|it| it.base_urls.get(&tenant.environment).cloned());
        }
        let credential = NewCredential { path, body: secret.body()?, m2m: Some(secret), mode };
        self.write(&tenant, credential, writing).await
    }

    async fn write_external(
        &self,
        path: &CredentialPath,
        secret: ExternalSecret,
        mode: Mode,
        writing: Writing<'_, CredentialView>,
    ) -> Result<CredentialView, Refusal> {
        secret.check()?;
        let tenant = self.0.living(&path.tenant, writing.actor).await?;
        self.write(&tenant, NewCredential { path, body: secret.body()?, m2m: None, mode }, writing).await
    }

    fn new_secret(&self) -> Result<SecretText, Refusal> {
        let mut random = Zeroizing::new([0_u8; SECRET_BYTES]);
        (self.0.parts.random.fill)(random.as_mut_slice())?;
        let digits: Zeroizing<String> =
            Zeroizing::new(random.iter().map(|byte| format!("{byte:02x}")).collect());
        Ok(SecretText::new(digits.as_str()))
    }
}
