//! What the relay counts.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What happened since the process began.
#[derive(Debug, Default)]
pub(super) struct Stats {
    pub(super) is_relaying: AtomicBool,
    pub(super) released: AtomicU64,
    pub(super) set_aside: AtomicU64,
}

impl Stats {
    pub(super) fn one_more(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// What one target got of this process.
#[derive(Debug, Default)]
pub(super) struct TargetStats {
    pub(super) published: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) parked: AtomicU64,
    pub(super) behind: AtomicU64,
}

/// What the relay of this process did since it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayCounters {
    /// Whether it is this process's turn.
    pub is_relaying: bool,
    /// Events that got their number.
    pub released: u64,
    /// Stored events that could not be read.
    pub set_aside: u64,
    /// Target by target.
    pub targets: Vec<TargetCounters>,
}

/// What one target got of this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetCounters {
    /// Its name.
    pub target: String,
    /// Messages, repeats too.
    pub published: u64,
    /// Tries that failed.
    pub failed: u64,
    /// Messages that it refused for good.
    pub parked: u64,
    /// Events that it has not got yet, as of the last look.
    pub behind: u64,
}

impl TargetStats {
    pub(super) fn counters(&self, target: &str) -> TargetCounters {
        TargetCounters {
            target: target.to_owned(),
            published: self.published.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            parked: self.parked.load(Ordering::Relaxed),
            behind: self.behind.load(Ordering::Relaxed),
        }
    }
}
