//! How often something may be done.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// So many a second, of which as many may come at once. (GCRA: the time at which all of the burst is there again.)
#[derive(Debug, Default)]
pub(super) struct Pace {
    full_at_micros: AtomicU64,
}

impl Pace {
    /// Takes one of `per_second`, with a burst of `burst`. The clock may be set back: all is allowed again soon after.
    pub(super) fn take(&self, per_second: u32, burst: u32, now: SystemTime) -> bool {
        let now = micros(now);
        let interval = 1_000_000 / u64::from(per_second.max(1));
        let whole = interval * u64::from(burst);
        let next = |full_at: u64| {
            // Never further ahead than a whole burst, unless the clock was set back.
            let begin = if full_at > now + whole { now } else { full_at.max(now) };
            Some(begin + interval).filter(|full_at| *full_at <= now + whole)
        };
        self.full_at_micros.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
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
    fn a_clock_that_is_set_back_blocks_nobody() {
        let (pace, begin) = (Pace::default(), UNIX_EPOCH + Duration::from_secs(10_000));
        assert_eq!(taken(&pace, 100, begin), 5);
        assert_eq!(taken(&pace, 100, begin - Duration::from_secs(3_600)), 5);
    }
}
