//! What a store writes at once.

use crate::audit::AuditEntry;
use crate::committed_write::LedgerRow;
use crate::event::TenantEvent;
use crate::ports::BoxError;

/// A changed record with all that the change leaves behind. A store writes all of it, or nothing.
#[derive(Debug, Clone)]
pub struct Change<R> {
    /// The record as it is to be. Its version is one above that of the record it replaces, and 1 for a new one: a store that
    /// holds any other version refuses the change as [`CommitError::Stale`].
    pub record: R,
    /// What services are to be told, in this order.
    pub events: Vec<TenantEvent>,
    /// Who did it.
    pub audit: AuditEntry,
    /// What is remembered of a write with a key.
    pub ledger: Option<LedgerRow>,
}

/// Why a change was not written. Nothing of it was, unless the store went away over it.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Somebody else changed the record meanwhile: read it again.
    #[error("the record was changed by somebody else")]
    Stale,
    /// Another record has the slug, the id or the hash.
    #[error("another record has the same name")]
    Taken,
    /// The write was committed under its idempotency key before.
    #[error("the write was committed before")]
    AlreadyCommitted,
    /// The store gave no answer. Whether the change was written nobody knows.
    #[error("the store gives no answer")]
    Unavailable(#[source] BoxError),
}
