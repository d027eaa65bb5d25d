use async_trait::async_trait;

use super::BoxError;
use crate::committed_write::CommittedWrite;
use crate::write_key::WriteKey;

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
