//! How late the news of changes comes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the classes that lags are counted in; slower ones are in no class.
pub const LAG_BOUNDS: [Duration; 8] = [
    Duration::from_micros(250),
    Duration::from_millis(1),
    Duration::from_millis(5),
    Duration::from_millis(25),
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// How late the news of changes came since the handle was made, measured with changes of our own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TrackingCounters {
    /// Lags that were measured.
    pub samples: u64,
    /// The newest of them.
    pub last: Duration,
    /// The longest of them.
    pub longest: Duration,
    /// How many were at most as long as the bound at the same place of [`LAG_BOUNDS`]; each holds those before it.
    pub at_most: [u64; LAG_BOUNDS.len()],
}

/// The lags measured so far.
#[derive(Debug, Default)]
pub(crate) struct Lag {
    samples: AtomicU64,
    last_micros: AtomicU64,
    longest_micros: AtomicU64,
    /// Each lag is counted in the first class that holds it.
    classes: [AtomicU64; LAG_BOUNDS.len()],
}

impl Lag {
    pub(crate) fn record(&self, lag: Duration) {
        let micros = u64::try_from(lag.as_micros()).unwrap_or(u64::MAX);
        self.samples.fetch_add(1, Ordering::Relaxed);
        self.last_micros.store(micros, Ordering::Relaxed);
        self.longest_micros.fetch_max(micros, Ordering::Relaxed);
        let class = LAG_BOUNDS.iter().position(|bound| lag <= *bound);
        if let Some(count) = class.and_then(|class| self.classes.get(class)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn counters(&self) -> TrackingCounters {
        let mut so_far = 0;
        let at_most = std::array::from_fn(|class| {
            so_far += self.classes.get(class).map_or(0, |count| count.load(Ordering::Relaxed));
            so_far
        });
        TrackingCounters {
            samples: self.samples.load(Ordering::Relaxed),
            last: Duration::from_micros(self.last_micros.load(Ordering::Relaxed)),
            longest: Duration::from_micros(self.longest_micros.load(Ordering::Relaxed)),
            at_most,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lag_is_in_its_class_and_all_slower_ones() {
        let lag = Lag::default();
        assert_eq!(lag.counters(), TrackingCounters::default());
        for millis in [1, 90, 3_000, 2] {
            lag.record(Duration::from_millis(millis));
        }
        let counters = lag.counters();
        assert_eq!((counters.samples, counters.last), (4, Duration::from_millis(2)));
        assert_eq!(counters.longest, Duration::from_secs(3));
        assert_eq!(counters.at_most, [0, 1, 2, 2, 3, 3, 3, 3]);
    }
}
