//! Turns at records, so that writers of one process do not race.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use domain::TenantId;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// A power of two; records of one stripe wait for each other though they need not.
const STRIPES: usize = 256;

/// Who may write a record now. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(crate) struct Turns(Arc<[Arc<Mutex<()>>]>);

impl Turns {
    pub(crate) fn new() -> Self {
        Self((0..STRIPES).map(|_| Arc::default()).collect())
    }

    /// Waits for the turn of this tenant, which ends when the answer is dropped.
    pub(crate) async fn of(&self, tenant: &TenantId) -> OwnedMutexGuard<()> {
        let mut hasher = DefaultHasher::new();
        tenant.hash(&mut hasher);
        // The remainder is below the number of stripes.
        let stripe = (hasher.finish() % STRIPES as u64) as usize;
        Arc::clone(&self.0[stripe]).lock_owned().await
    }
}
