//! When the map was asked for last.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// How long an operation waits for a newer map.
pub(super) const PATIENCE: Duration = Duration::from_millis(50);
/// For how long a map is new: what is asked for meanwhile brings the same.
const NEWS: Duration = Duration::from_millis(250);

/// Beginning and end of the newest refresh, in milliseconds since this was made.
pub(super) struct Refreshing {
    made: Instant,
    began: AtomicU64,
    ended: AtomicU64,
}

impl Refreshing {
    pub(super) fn new(now: Instant) -> Self {
        // The map of the start is new.
        Self { made: now, began: AtomicU64::new(0), ended: AtomicU64::new(1) }
    }

    pub(super) fn begins(&self, now: Instant) {
        self.began.store(self.milliseconds(now), Ordering::Relaxed);
    }

    pub(super) fn ends(&self, now: Instant) {
        // An end is never at the same time as its beginning, or the refresh would count as running.
        self.ended.store(self.milliseconds(now) + 1, Ordering::Relaxed);
    }

    /// Whether a newer map may be there in a moment: one is being read, or was not for a while. One that is being read for
    /// longer than anybody waits tells that the nodes hang.
    pub(super) fn is_worth_waiting_for(&self, now: Instant) -> bool {
        let (began, ended) = (self.began.load(Ordering::Relaxed), self.ended.load(Ordering::Relaxed));
        let passed = |since: u64| Duration::from_millis(self.milliseconds(now).saturating_sub(since));
        if began >= ended { passed(began) < PATIENCE } else { passed(ended) >= NEWS }
    }

    fn milliseconds(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.made).as_millis()).unwrap_or(u64::MAX - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_for_what_was_just_told_or_hangs() {
        let mut now = Instant::now();
        let refreshing = Refreshing::new(now);
        assert!(!refreshing.is_worth_waiting_for(now), "it was just made");
        now += Duration::from_secs(1);
        assert!(refreshing.is_worth_waiting_for(now), "there may be news");
        refreshing.begins(now);
        assert!(refreshing.is_worth_waiting_for(now), "it is being read");
        now += PATIENCE;
        assert!(!refreshing.is_worth_waiting_for(now), "it hangs");
        refreshing.ends(now);
        assert!(!refreshing.is_worth_waiting_for(now), "it was just told");
        now += NEWS + Duration::from_millis(1);
        assert!(refreshing.is_worth_waiting_for(now), "there may be news again");
    }
}
