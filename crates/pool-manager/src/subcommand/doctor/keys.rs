//! The keys that a first start would make.

use middleware::error_chain;

use super::Row;
use crate::config::{AuthConfig, DeploymentConfig, SecretsConfig};
use crate::first_start::{self, FirstStartError};

/// Looks at the key of the first operator as `serve` would, without making one.
pub(super) fn api_key_row(auth: &AuthConfig, deployment: &DeploymentConfig) -> Row {
    let subject = "API key";
    if auth.bootstrap_key.is_some() {
        return Row::well(subject, "from BOOTSTRAP_ADMIN_API_KEY");
    }
    let found = first_start::examine_api_key(&deployment.data_dir);
    let fix = "let the process read and write DATA_DIR, remove a damaged file there, or set BOOTSTRAP_ADMIN_API_KEY";
    kept_row(subject, found, deployment, fix)
}

/// Looks at the key that seals, likewise.
pub(super) fn encryption_row(secrets: &SecretsConfig, deployment: &DeploymentConfig) -> Row {
    let subject = "encryption key";
    if secrets.encryption_keys.is_some() {
        return Row::well(subject, "from SECRETS_ENCRYPTION_KEY");
    }
    let found = first_start::examine_encryption_key(&deployment.data_dir);
    let fix =
        "let the process read and write DATA_DIR, put a damaged file right, or set SECRETS_ENCRYPTION_KEY";
    kept_row(subject, found, deployment, fix)
}

fn kept_row(
    subject: &'static str,
    found: Result<bool, FirstStartError>,
    deployment: &DeploymentConfig,
    fix: &str,
) -> Row {
    let directory = deployment.data_dir.display();
    match found {
        Ok(true) => Row::well(subject, format!("kept under {directory}")),
        Ok(false) => Row::well(subject, format!("will be made at first start under {directory}")),
        Err(error) => Row::fault(subject, error_chain(&error), fix),
    }
}
