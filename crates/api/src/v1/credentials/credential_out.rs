//! A credential in answers.

use serde::Serialize;
use tenancy::{CredentialPath, CredentialView};
use utoipa::ToSchema;

/// Where the secret of a credential is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CredentialOut {
    tenant_id: String,
    application: String,
    target: String,
    /// One for each spelling of the tenant's id, with the same text.
    secret_paths: Vec<String>,
    /// Which version of each.
    secret_versions: Vec<String>,
    created_at: String,
    updated_at: String,
}

/// What was removed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RemovedCredentialOut {
    tenant_id: String,
    application: String,
    target: String,
    /// Always `removed`.
    status: &'static str,
}

impl CredentialOut {
    pub(super) fn of(path: &CredentialPath, view: &CredentialView) -> Self {
        let secrets = &view.credential.secrets;
        Self {
            tenant_id: path.tenant.to_string(),
            application: view.name.application.to_string(),
            target: view.name.target.to_string(),
            secret_paths: secrets.iter().map(|secret| secret.path.to_string()).collect(),
            secret_versions: secrets.iter().map(|secret| secret.version.to_string()).collect(),
            created_at: view.credential.created_at.to_string(),
            updated_at: view.credential.updated_at.to_string(),
        }
    }
}

impl RemovedCredentialOut {
    pub(super) fn of(path: &CredentialPath) -> Self {
        Self {
            tenant_id: path.tenant.to_string(),
            application: path.name.application.to_string(),
            target: path.name.target.to_string(),
            status: "removed",
        }
    }
}
