//! What the publisher counts about itself.

use std::sync::atomic::{AtomicU64, Ordering};

/// A snapshot of what a publisher has done since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RabbitStats {
    /// Whether there is a connection.
    pub connected: bool,
    /// Whether the broker takes no messages for want of memory or disk.
    pub blocked: bool,
    /// Connections that were made after the first.
    pub reconnections: u64,
    /// Messages that the broker has.
    pub published: u64,
    /// Those of them that no queue took.
    pub returned: u64,
    /// Messages that the broker refused for what they are.
    pub nacked: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counting {
    pub(super) connections: AtomicU64,
    pub(super) published: AtomicU64,
    pub(super) returned: AtomicU64,
    pub(super) nacked: AtomicU64,
}

impl Counting {
    /// Counts one, and gives how many there were before.
    pub(super) fn add(counter: &AtomicU64) -> u64 {
        counter.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn snapshot(&self, connected: bool, blocked: bool) -> RabbitStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RabbitStats {
            connected,
            blocked,
            reconnections: read(&self.connections).saturating_sub(1),
            published: read(&self.published),
            returned: read(&self.returned),
            nacked: read(&self.nacked),
        }
    }
}
