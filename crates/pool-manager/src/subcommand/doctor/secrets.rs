//! Whether the secrets backend answers.

use ::secrets::{AwsConfig, AwsSecrets};
use domain::{Environment, SecretReference, SecretStore, SecretStoreError};
use middleware::error_chain;
use tokio::time::timeout;

use super::{LIMIT, Row, late};
use crate::config::SecretsBackend;

const SUBJECT: &str = "secrets";
const REACH: &str = "see that AWS_REGION is right, the network lets us through (a NAT, or a VPC endpoint in AWS_ENDPOINT_URL), and the \
                     role may do what docs/SECRETS.md lists, for this environment (Terraform: tenant_environments)";

/// Changes nothing: asks for secrets that nobody has. That a KMS key of one's own lets us decrypt shows only at one that is there.
pub(super) async fn row(config: &SecretsBackend, environment: Environment) -> Row {
    match config {
        SecretsBackend::Embedded => Row::well(SUBJECT, "embedded, sealed in the record store"),
        SecretsBackend::Aws(config) => aws(config, environment).await,
    }
}

async fn aws(config: &AwsConfig, environment: Environment) -> Row {
    let name = environment.name();
    let region = config.region.as_deref().unwrap_or_default();
    let secrets = match AwsSecrets::connect(config.clone()).await {
        Ok(secrets) => secrets,
        Err(error) => return Row::misconfigured(SUBJECT, error.to_string(), "set AWS_REGION"),
    };
    let reference = SecretReference::of_nobody(environment);
    let look = async {
        secrets.reach().await?;
        match secrets.get(&reference).await {
            Ok(_) | Err(SecretStoreError::Missing { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    };
    match timeout(LIMIT, look).await {
        Ok(Ok(())) => {
            Row::well(SUBJECT, format!("AWS Secrets Manager lets us read tenants/{name}/, region {region}"))
        }
        Ok(Err(error)) => {
            let detail = format!("AWS_REGION: {region}, tenants/{name}/: {}", error_chain(&error));
            Row::fault(SUBJECT, detail, REACH)
        }
        Err(_elapsed) => Row::fault(SUBJECT, format!("AWS_REGION: {region}: {}", late()), REACH),
    }
}
