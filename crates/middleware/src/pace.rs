//! How often something may be done.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// So many a second, of which as many may come at once. (GCRA: the time at which all of the burst is there again.)
#[derive(Debug, Default)]
pub(crate) struct Pace {
    full_at_micros: AtomicU64,
}

impl Pace {
    /// Takes one of `per_second`, with a burst of `burst`. The clock may be set back: all is allowed again soon after.
    pub(crate) fn take(&self, per_second: u32, burst: u32, now: SystemTime) -> bool {
        let scale = Scale::new(per_second, burst, now);
        let most = scale.now + scale.whole;
        let next = |full_at| Some(scale.begin(full_at) + scale.interval).filter(|full_at| *full_at <= most);
        self.full_at_micros.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }

    /// Whether one could be taken. Takes nothing.
    pub(crate) fn has_room(&self, per_second: u32, burst: u32, now: SystemTime) -> bool {
        let scale = Scale::new(per_second, burst, now);
        let begin = scale.begin(self.full_at_micros.load(Ordering::Relaxed));
        begin + scale.interval <= scale.now + scale.whole
    }

    /// Takes one also where there is none: what has happened is owed, up to one more burst.
    pub(crate) fn charge(&self, per_second: u32, burst: u32, now: SystemTime) {
        let scale = Scale::new(per_second, burst, now);
        let next = |full_at| Some((scale.begin(full_at) + scale.interval).min(scale.furthest()));
        // Never refused.
        let _ = self.full_at_micros.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    }
}

/// A pace at one moment, in microseconds.
struct Scale {
    now: u64,
    interval: u64,
    whole: u64,
}

impl Scale {
    fn new(per_second: u32, burst: u32, now: SystemTime) -> Self {
        let interval = 1_000_000 / u64::from(per_second.max(1));
        Self { now: micros(now), interval, whole: interval * u64::from(burst) }
    }

    /// A whole burst and as much as may be owed.
    fn furthest(&self) -> u64 {
        self.now + self.whole * 2
    }

    /// From where the next one counts. It is never further ahead than that, unless the clock was set back.
    fn begin(&self, full_at: u64) -> u64 {
        if full_at > self.furthest() { self.now } else { full_at.max(self.now) }
    }
}

fn micros(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn taken(pace: &Pace, tries: usize, now: SystemTime) -> usize {
        (0..tries).filter(|_| pace.take(10, 5, now)).count()
    }

    #[test]
    fn a_burst_then_the_rate() {
        let (pace, begin) = (Pace::default(), UNIX_EPOCH + Duration::from_secs(1_000));
        assert_eq!(taken(&pace, 100, begin), 5);
        assert_eq!(taken(&pace, 100, begin + Duration::from_millis(99)), 0);
        assert_eq!(taken(&pace, 100, begin + Duration::from_millis(100)), 1);
        assert_eq!(taken(&pace, 100, begin + Duration::from_millis(400)), 3);
        assert_eq!(taken(&pace, 100, begin + Duration::from_secs(60)), 5, "no more is saved up");
    }

    #[test]
    fn what_is_owed_is_paid_before_there_is_room_again() {
        let (pace, begin) = (Pace::default(), UNIX_EPOCH + Duration::from_secs(1_000));
        let has_room = |millis| pace.has_room(10, 5, begin + Duration::from_millis(millis));
        for _ in 0..4 {
            pace.charge(10, 5, begin);
        }
        assert!(has_room(0) && has_room(0), "looking takes nothing");
        for _ in 0..3 {
            pace.charge(10, 5, begin);
        }
        assert!(!has_room(299) && has_room(300), "two are owed, and one is asked for");
        for _ in 0..100 {
            pace.charge(10, 5, begin);
        }
        assert!(!has_room(599) && has_room(600), "no more than one more burst is owed");
    }

    #[test]
    fn a_clock_that_is_set_back_blocks_nobody() {
        let (pace, begin) = (Pace::default(), UNIX_EPOCH + Duration::from_secs(10_000));
        assert_eq!(taken(&pace, 100, begin), 5);
        assert_eq!(taken(&pace, 100, begin - Duration::from_secs(3_600)), 5);
    }
}
