//! What the service needs from outside, named by need.

mod api_key_source;
mod api_key_store;
mod api_key_uses;
mod audit_log;
mod catalogue_store;
mod change_feed;
mod event_log;
mod idempotency_ledger;
mod invalidator;
mod key_set_source;
mod lease_store;
mod refusal_watch;
mod remembered_keys;
mod sealed_rows;
mod secret_store;
mod secret_writes;
mod store_health;
mod tenant_store;

pub use api_key_source::{ApiKeySource, SourceUnavailable};
pub use api_key_store::ApiKeyStore;
pub use api_key_uses::{ApiKeyUse, ApiKeyUses, UsedKeys};
pub use audit_log::{AuditLog, Chaining};
pub use catalogue_store::CatalogueStore;
pub use change_feed::{ChangeFeed, ChangeMark, Changed, Changes};
pub use event_log::{Backlog, EventLog, Release, ReleasedRange, WaitingEvent, WaitingPosition};
pub use idempotency_ledger::{IdempotencyLedger, LedgerUnavailable};
pub use invalidator::Invalidator;
pub use key_set_source::KeySetSource;
pub use lease_store::{Lease, LeaseStore};
pub use refusal_watch::{RefusalWatch, Unwatched};
pub use remembered_keys::{RecalledKey, RememberedKeys};
pub use sealed_rows::{SealedRow, SealedRowPosition, SealedRows};
pub use secret_store::{SecretStore, SecretStoreError};
pub use secret_writes::{SecretWrite, SecretWrites};
pub use store_health::{StoreCondition, StoreHealth};
pub use tenant_store::{ActiveTenant, TenantPage, TenantPosition, TenantQuery, TenantStore};

/// The cause of a port's failure, whatever the adapter.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The store gave no answer.
#[derive(Debug, thiserror::Error)]
#[error("the store gives no answer")]
pub struct StoreUnavailable {
    /// Why.
    #[source]
    pub source: BoxError,
}

impl StoreUnavailable {
    /// For this reason.
    pub fn new(source: impl Into<BoxError>) -> Self {
        Self { source: source.into() }
    }
}
