use std::time::Duration;

use async_trait::async_trait;

use super::StoreUnavailable;

/// Who does what only one replica may do at a time. Leases are kept where the records are, not in a cache that may be emptied.
#[async_trait]
pub trait LeaseStore: Send + Sync + 'static {
    /// Takes a lease for so long; `None` while somebody else holds it.
    async fn acquire_lease(&self, name: &str, ttl: Duration) -> Result<Option<Lease>, StoreUnavailable>;

    /// Holds a lease for so long from now on; `false` when it is lost.
    async fn renew_lease(&self, lease: &Lease, ttl: Duration) -> Result<bool, StoreUnavailable>;

    /// Gives a lease back.
    async fn release_lease(&self, lease: &Lease) -> Result<(), StoreUnavailable>;
}

/// A lease that is held. It ends by itself when it is not renewed; times are those of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What it is for.
    pub name: String,
    /// Its fencing number: each holder has a higher one than the holder before.
    pub number: i64,
    /// Which of those who asked for it has it.
    pub holder: String,
}
