//! What the layer counts about itself.

use std::sync::atomic::{AtomicU64, Ordering};

/// A snapshot of what a layer counted since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RateLimitCounters {
    /// Requests that the limit let through, by whichever rung.
    pub allowed: u64,
    /// Requests that were answered 429, by whichever rung.
    pub denied: u64,
    /// Of those, the ones that cost no round trip because the denial before them was remembered.
    pub denied_from_memory: u64,
    /// Takes that were asked of the cache.
    pub takes: u64,
    /// Requests that got their share of a take that another request asked for.
    pub coalesced: u64,
    /// Requests that were granted and went away before they could use it.
    pub abandoned: u64,
    /// Requests that were decided without the cache, by the limit of this process.
    pub local: u64,
    /// Requests that passed without a limit because the cache was away.
    pub open: u64,
    /// Requests that were answered 503 because the cache was away.
    pub closed: u64,
    /// Of the requests that were answered 429, the ones for which too many of the same caller were waiting.
    pub crowded: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counting {
    pub(super) allowed: AtomicU64,
    pub(super) denied: AtomicU64,
    pub(super) denied_from_memory: AtomicU64,
    pub(super) takes: AtomicU64,
    pub(super) coalesced: AtomicU64,
    pub(super) abandoned: AtomicU64,
    pub(super) local: AtomicU64,
    pub(super) open: AtomicU64,
    pub(super) closed: AtomicU64,
    pub(super) crowded: AtomicU64,
}

impl Counting {
    pub(super) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn snapshot(&self) -> RateLimitCounters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RateLimitCounters {
            allowed: read(&self.allowed),
            denied: read(&self.denied),
            denied_from_memory: read(&self.denied_from_memory),
            takes: read(&self.takes),
            coalesced: read(&self.coalesced),
            abandoned: read(&self.abandoned),
            local: read(&self.local),
            open: read(&self.open),
            closed: read(&self.closed),
            crowded: read(&self.crowded),
        }
    }
}
