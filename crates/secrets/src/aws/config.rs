//! How Secrets Manager is reached.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::retry::RetryConfig;
use aws_sdk_secretsmanager::config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Credentials, Region};
use domain::SecretText;

/// How long one request may take; what takes longer is sent again while there is time.
const ATTEMPT: Duration = Duration::from_secs(2);
/// The longest rest before the first repetition; it doubles with every further one.
const FIRST_REST: Duration = Duration::from_millis(250);

/// How Secrets Manager is reached. What is not given is looked for where AWS programs look for it: in `AWS_*` variables, in
/// the profile, at the web identity of a Kubernetes service account, at the container's or the machine's metadata.
#[derive(Debug, Clone, Default)]
pub struct AwsConfig {
    /// The region, such as `us-east-2`.
    pub region: Option<String>,
    /// Another address than that of the region: a VPC endpoint, or a server that stands in for AWS.
    pub endpoint_url: Option<String>,
    /// The KMS key that new secrets are encrypted with; without one it is the account's own for Secrets Manager.
    pub kms_key_id: Option<String>,
    /// A fixed access key. Where the platform gives credentials that are renewed, which is nearly everywhere, there is none.
    pub access_key: Option<AwsAccessKey>,
}

/// A fixed access key.
#[derive(Debug, Clone)]
pub struct AwsAccessKey {
    /// Its name.
    pub id: String,
    /// What requests are signed with.
    pub secret: SecretText,
    /// What comes with a key that is lent for a while.
    pub session_token: Option<SecretText>,
}

/// Why no connection can be made, whether AWS answers or not.
#[derive(Debug, thiserror::Error)]
pub enum AwsConnectError {
    /// No region is given, and none was found.
    #[error("no AWS region is configured: set AWS_REGION")]
    NoRegion,
}

pub(super) async fn client(config: &AwsConfig) -> Result<Client, AwsConnectError> {
    let sdk = sdk_config(config).await;
    if sdk.region().is_none() {
        return Err(AwsConnectError::NoRegion);
    }
    Ok(Client::new(&sdk))
}

async fn sdk_config(config: &AwsConfig) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).build())
        .retry_config(RetryConfig::standard().with_initial_backoff(FIRST_REST));
    if let Some(region) = &config.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = &config.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if let Some(key) = &config.access_key {
        let token = key.session_token.as_ref().map(|token| token.expose().to_owned());
        let credentials = Credentials::new(&key.id, key.secret.expose(), token, None, "configuration");
        loader = loader.credentials_provider(credentials);
    }
    loader.load().await
}
