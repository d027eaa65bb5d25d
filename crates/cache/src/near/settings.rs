//! What a near-cache holds, for how long, and what it counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What a near-cache holds, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct NearSettings {
    /// What its keys begin with; no two near-caches of a process may have prefixes that overlap.
    pub prefix: &'static str,
    /// Memory for values, in bytes of key, value and table.
    pub max_bytes: u64,
    /// Memory for absences, in bytes: apart, so that a flood of unknown keys displaces no known one.
    pub max_absent_bytes: u64,
    /// How long a value may be used while its key is watched; the safety net. Each entry gets up to a tenth less.
    pub ttl: Duration,
    /// How long an absence is remembered while its key is watched.
    pub absent_ttl: Duration,
    /// How long either may be used while nobody would tell of a change, from the beginning of its load.
    pub unwatched_ttl: Duration,
    /// How long a value is kept, unused, to be told by [`Held::Stale`](super::Held::Stale).
    pub stale_for: Duration,
}

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
