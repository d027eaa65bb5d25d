//! The clock of the embedded cache.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Where the embedded cache gets its time from.
pub(crate) trait TimeSource: Send + Sync {
    /// Microseconds since the Unix epoch. Never goes back.
    fn now_micros(&self) -> u64;
}

/// The wall clock at its making, moved on by the monotonic clock: a correction of the wall clock makes no key live
/// longer or shorter, and gives no caller a second burst.
pub(crate) struct SteadyTime {
    epoch_micros: u64,
    started: Instant,
}

impl SteadyTime {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that the rest of the cache takes")]
    pub(crate) fn new() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            epoch_micros: u64::try_from(since_epoch.as_micros()).unwrap_or_default(),
            started: Instant::now(),
        }
    }
}

impl TimeSource for SteadyTime {
    fn now_micros(&self) -> u64 {
        let elapsed = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.epoch_micros.saturating_add(elapsed)
    }
}

#[cfg(test)]
pub(crate) use manual::ManualTime;

#[cfg(test)]
mod manual {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use super::TimeSource;

    /// A clock that stands until it is moved.
    pub(crate) struct ManualTime(AtomicU64);

    impl ManualTime {
        pub(crate) fn at_micros(micros: u64) -> Self {
            Self(AtomicU64::new(micros))
        }

        pub(crate) fn advance(&self, by: Duration) {
            self.0.fetch_add(u64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
        }
    }

    impl TimeSource for ManualTime {
        fn now_micros(&self) -> u64 {
            self.0.load(Ordering::SeqCst)
        }
    }
}
