//! Until when news of changes can be relied on.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Shared by a tracking link, which prolongs it whenever the link proves to be alive, and by all entries stored while that
/// link was in force. Once revoked, or run out and not prolonged in time, entries stored under it are not used; a link
/// that is made anew gets a new proof.
#[derive(Debug, Default)]
pub(crate) struct Proof {
    /// Microseconds of the steady clock.
    good_until: AtomicU64,
    is_revoked: AtomicBool,
}

impl Proof {
    /// A proof that always holds: of a cache whose changes cannot be missed.
    pub(crate) fn lasting() -> Self {
        Self { good_until: AtomicU64::new(u64::MAX), is_revoked: AtomicBool::new(false) }
    }

    /// The link was alive: its entries are good until this time.
    pub(crate) fn prolong(&self, until_micros: u64) {
        self.good_until.fetch_max(until_micros, Ordering::Relaxed);
    }

    /// Ends the proof for good.
    pub(crate) fn revoke(&self) {
        self.is_revoked.store(true, Ordering::Release);
    }

    pub(crate) fn holds_at(&self, now_micros: u64) -> bool {
        !self.is_revoked.load(Ordering::Acquire) && now_micros < self.good_until.load(Ordering::Relaxed)
    }
}
