//! What a near-cache counts about itself.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a near-cache counted since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NearCounters {
    /// Look-ups that found a value or an absence that may be used.
    pub hits: u64,
    /// Callers that had to load, or to wait for a load.
    pub misses: u64,
    /// Entries that made room for others.
    pub evictions: u64,
    /// Callers that waited for a load that another had begun.
    pub coalesced: u64,
    /// Entries and running loads given up because their key changed.
    pub invalidations: u64,
    /// Times everything was given up.
    pub clears: u64,
    /// Memory of what is held at this moment, in bytes of key, value and table; counted a moment late.
    pub bytes: u64,
}

/// The same while it is counted.
#[derive(Debug, Default)]
pub(super) struct Counting {
    pub(super) hits: AtomicU64,
    pub(super) misses: AtomicU64,
    pub(super) evictions: AtomicU64,
    pub(super) coalesced: AtomicU64,
    pub(super) invalidations: AtomicU64,
    pub(super) clears: AtomicU64,
}

impl Counting {
    pub(super) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn snapshot(&self) -> NearCounters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        NearCounters {
            hits: read(&self.hits),
            misses: read(&self.misses),
            evictions: read(&self.evictions),
            coalesced: read(&self.coalesced),
            invalidations: read(&self.invalidations),
            clears: read(&self.clears),
            bytes: 0,
        }
    }
}
