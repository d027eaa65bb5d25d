//! What the service needs from outside, named by need.

use async_trait::async_trait;

use crate::api_key_hash::ApiKeyHash;
use crate::api_key_record::ApiKeyRecord;
use crate::committed_write::CommittedWrite;
use crate::write_key::WriteKey;

/// The cause of a port's failure, whatever the adapter.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

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

/// Remembers which writes were committed, in the same store and by the same transaction as what they changed. What
/// such a transaction needs is a [`LedgerRow`](crate::LedgerRow); this port only finds it again.
#[async_trait]
pub trait IdempotencyLedger: Send + Sync + 'static {
    /// The write that was committed under this key; `None` when there is none, or its time is over.
    async fn find(&self, key: &WriteKey) -> Result<Option<CommittedWrite>, LedgerUnavailable>;
}

/// The ledger gave no answer: nobody knows whether the write was done.
#[derive(Debug, thiserror::Error)]
#[error("the ledger of committed writes gives no answer")]
pub struct LedgerUnavailable {
    /// Why.
    #[source]
    pub source: BoxError,
}
