//! Locks on records, so that writers of one process do not race.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use domain::TenantId;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// A power of two; records of one stripe wait for each other though they need not.
const STRIPES: usize = 256;

/// One lock for each stripe of tenants. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(crate) struct StripedLocks(Arc<[Arc<Mutex<()>>]>);

impl StripedLocks {
    pub(crate) fn new() -> Self {
        Self((0..STRIPES).map(|_| Arc::default()).collect())
    }

    /// Waits until nobody else of this process writes the tenant; that ends when the answer is dropped.
    pub(crate) async fn of(&self, tenant: &TenantId) -> OwnedMutexGuard<()> {
        let mut hasher = DefaultHasher::new();
        tenant.hash(&mut hasher);
        // The remainder is below the number of stripes.
        let stripe = (hasher.finish() % STRIPES as u64) as usize;
        Arc::clone(&self.0[stripe]).lock_owned().await
    }
}
