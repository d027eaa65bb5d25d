//! The time for which this process is the one that chains.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{Lease, LeaseStore};
use tokio::time::{Instant, sleep};

/// The name of the lease.
pub(super) const LEASE: &str = "audit-chain";
/// Another replica takes over at most so long after the last renewal.
pub(super) const LEASE_TIME: Duration = Duration::from_secs(4);
const RENEW_EVERY: Duration = Duration::from_millis(1_200);

/// The lease of this process, by its own clock, which goes on while the process is stopped. It says it is over a little before
/// the store does.
pub(super) struct Term {
    lease: Lease,
    until: Mutex<Instant>,
}

impl Term {
    /// Of a lease that was asked for at `asked`.
    pub(super) fn new(lease: Lease, asked: Instant) -> Self {
        Self { lease, until: Mutex::new(asked + LEASE_TIME) }
    }

    pub(super) fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Whether it is this process's turn to do the next step. A step that begins in time may end late: a number that is taken
    /// already bears that.
    pub(super) fn is_held(&self) -> bool {
        Instant::now() < *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Renews the lease until it is lost.
    pub(super) async fn keep(&self, leases: &dyn LeaseStore) {
        while self.is_held() {
            sleep(RENEW_EVERY).await;
            let asked = Instant::now();
            match leases.renew_lease(&self.lease, LEASE_TIME).await {
                Ok(true) => {
                    *self.until.lock().unwrap_or_else(PoisonError::into_inner) = asked + LEASE_TIME;
                }
                Ok(false) => return,
                Err(error) => {
                    tracing::debug!(error = %error.source, "the lease of the audit log was not renewed");
                }
            }
        }
    }
}
