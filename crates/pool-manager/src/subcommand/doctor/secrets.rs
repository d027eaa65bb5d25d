//! Whether the secrets backend answers.

use ::secrets::{AwsConfig, AwsSecrets};
use middleware::error_chain;
use tokio::time::timeout;

use super::{LIMIT, Row};
use crate::config::SecretsBackend;

const SUBJECT: &str = "secrets";
const REACH: &str = "see that AWS_REGION is right, the network lets us through (a NAT, or a VPC endpoint in AWS_ENDPOINT_URL), and the \
                     role may do what docs/SECRETS.md lists";

/// Changes nothing: asks for a secret that nobody has.
pub(super) async fn row(config: &SecretsBackend) -> Row {
    match config {
        SecretsBackend::Embedded => Row::well(SUBJECT, "embedded, sealed in the record store"),
        SecretsBackend::Aws(config) => aws(config).await,
    }
}

async fn aws(config: &AwsConfig) -> Row {
    let region = config.region.as_deref().unwrap_or_default();
    let secrets = match AwsSecrets::connect(config.clone()).await {
        Ok(secrets) => secrets,
        Err(error) => return Row::misconfigured(SUBJECT, error.to_string(), "set AWS_REGION"),
    };
    let look = async {
        secrets.reach().await?;
        secrets.may_read().await
    };
    match timeout(LIMIT, look).await {
        Ok(Ok(())) => {
            Row::well(SUBJECT, format!("AWS Secrets Manager lets us look and read, region {region}"))
        }
        Ok(Err(error)) => {
            Row::fault(SUBJECT, format!("AWS_REGION: {region}: {}", error_chain(&error)), REACH)
        }
        Err(_elapsed) => Row::fault(
            SUBJECT,
            format!("AWS_REGION: {region}: no answer within {} s", LIMIT.as_secs()),
            REACH,
        ),
    }
}
