use async_trait::async_trait;

use super::BoxError;
use crate::api_key_hash::ApiKeyHash;
use crate::api_key_record::ApiKeyRecord;

/// Where API keys are registered.
#[async_trait]
pub trait ApiKeySource: Send + Sync + 'static {
    /// The record of the key with this hash; `None` when there is none.
    async fn find(&self, hash: &ApiKeyHash) -> Result<Option<ApiKeyRecord>, SourceUnavailable>;
}

/// The source gave no answer: the caller cannot be told from a stranger.
#[derive(Debug, thiserror::Error)]
#[error("the source of API keys gives no answer")]
pub struct SourceUnavailable {
    /// Why.
    #[source]
    pub source: BoxError,
}
