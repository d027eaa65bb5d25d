//! What the client counts about itself.

use std::sync::atomic::{AtomicU64, Ordering};

/// A snapshot of the client's counters since it connected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Times that a command, or several at once, were sent to a node and waited for.
    pub round_trips: u64,
    /// Commands that went in one script call with others.
    pub batched: u64,
    /// Times the slot map was read again.
    pub map_refreshes: u64,
    /// MOVED and ASK answers that were followed.
    pub redirections: u64,
    /// Commands that were sent again after a failure.
    pub retries: u64,
    /// Commands that got no answer in time.
    pub timeouts: u64,
    /// Links that were opened.
    pub links_opened: u64,
    /// Links that hung and were replaced.
    pub links_replaced: u64,
    /// Links on which a server was asked to tell of changed keys.
    pub tracking_armed: u64,
    /// Such links that ended, hung or told nothing.
    pub tracking_lost: u64,
    /// Times that everything held in this process was dropped: a server was emptied, news was lost, a link was made
    /// anew, slots moved.
    pub tracking_resets: u64,
}

#[derive(Default)]
pub(super) struct Counting {
    pub(super) round_trips: AtomicU64,
    pub(super) batched: AtomicU64,
    pub(super) map_refreshes: AtomicU64,
    pub(super) redirections: AtomicU64,
    pub(super) retries: AtomicU64,
    pub(super) timeouts: AtomicU64,
    pub(super) links_opened: AtomicU64,
    pub(super) links_replaced: AtomicU64,
    pub(super) tracking_armed: AtomicU64,
    pub(super) tracking_lost: AtomicU64,
    pub(super) tracking_resets: AtomicU64,
}

impl Counting {
    pub(super) fn add(counter: &AtomicU64) {
        Self::add_many(counter, 1);
    }

    pub(super) fn add_many(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn snapshot(&self) -> Counters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            round_trips: read(&self.round_trips),
            batched: read(&self.batched),
            map_refreshes: read(&self.map_refreshes),
            redirections: read(&self.redirections),
            retries: read(&self.retries),
            timeouts: read(&self.timeouts),
            links_opened: read(&self.links_opened),
            links_replaced: read(&self.links_replaced),
            tracking_armed: read(&self.tracking_armed),
            tracking_lost: read(&self.tracking_lost),
            tracking_resets: read(&self.tracking_resets),
        }
    }
}
