//! Passes on which keys changed.

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use tokio::sync::watch;

use super::lag::{Lag, TrackingCounters};
use super::proof::Proof;
use crate::embedded::{SteadyTime, TimeSource};

/// What is told of changes.
pub(crate) trait Sink: Send + Sync {
    /// The key changed, or may have.
    fn invalidate(&self, key: &[u8]);
    /// Anything may have changed.
    fn clear(&self);
}

/// Says under which proof a key is watched at this moment; `None` when it is not.
pub(crate) trait Coverage: Send + Sync {
    fn proof(&self, key: &[u8]) -> Option<Arc<Proof>>;
}

/// All near-caches of one cache handle.
pub(crate) struct Hub {
    sinks: RwLock<Vec<(Bytes, Weak<dyn Sink>)>>,
    prefixes: watch::Sender<Vec<Bytes>>,
    coverage: ArcSwapOption<Box<dyn Coverage>>,
    /// The steady clock by which proofs and entries end.
    clock: Arc<dyn TimeSource>,
    lag: Lag,
    /// Times that changes may have been missed.
    generation: watch::Sender<u64>,
}

impl Hub {
    pub(crate) fn new() -> Self {
        Self::with_clock(Arc::new(SteadyTime::new()))
    }

    pub(crate) fn with_clock(clock: Arc<dyn TimeSource>) -> Self {
        Self {
            sinks: RwLock::default(),
            prefixes: watch::Sender::new(Vec::new()),
            coverage: ArcSwapOption::empty(),
            clock,
            lag: Lag::default(),
            generation: watch::Sender::new(0),
        }
    }

    /// Microseconds of the steady clock by which every [`Proof`] of this hub ends.
    pub(crate) fn now_micros(&self) -> u64 {
        self.clock.now_micros()
    }

    /// A change made by ourselves was told this long after it was sent.
    pub(crate) fn record_lag(&self, lag: Duration) {
        self.lag.record(lag);
    }

    pub(crate) fn tracking_counters(&self) -> TrackingCounters {
        self.lag.counters()
    }

    /// Adds a near-cache of the keys that begin with `prefix`.
    pub(crate) fn add(&self, prefix: Bytes, sink: Weak<dyn Sink>) {
        let mut sinks = self.sinks.write().unwrap_or_else(PoisonError::into_inner);
        sinks.retain(|(_, sink)| sink.strong_count() > 0);
        sinks.push((prefix, sink));
        let mut prefixes: Vec<Bytes> = sinks.iter().map(|(prefix, _)| prefix.clone()).collect();
        prefixes.sort();
        // The server refuses prefixes that overlap; in this order the shortest of them stays, which covers the others.
        prefixes.dedup_by(|longer, shorter| longer.starts_with(shorter));
        // Under the lock, so that the newest list is the one that stays.
        self.prefixes.send_if_modified(|known| {
            let is_new = *known != prefixes;
            *known = prefixes;
            is_new
        });
    }

    /// The prefixes to be watched, now and when one is added.
    pub(crate) fn prefixes(&self) -> watch::Receiver<Vec<Bytes>> {
        self.prefixes.subscribe()
    }

    /// Who watches from now on. What was stored under another coverage is dropped.
    pub(crate) fn cover(&self, coverage: Box<dyn Coverage>) {
        self.coverage.store(Some(Arc::new(coverage)));
        self.clear();
    }

    /// The proof for what is read of `key` from now on.
    pub(crate) fn proof(&self, key: &[u8]) -> Option<Arc<Proof>> {
        self.coverage.load().as_ref()?.proof(key)
    }

    pub(crate) fn invalidate(&self, key: &[u8]) {
        for (prefix, sink) in self.sinks.read().unwrap_or_else(PoisonError::into_inner).iter() {
            if key.starts_with(prefix)
                && let Some(sink) = sink.upgrade()
            {
                sink.invalidate(key);
            }
        }
    }

    /// Changes may have been missed, by this process or by the shared cache itself.
    pub(crate) fn doubt(&self) {
        self.generation.send_modify(|generation| *generation += 1);
    }

    /// How often there was a doubt.
    pub(crate) fn generation(&self) -> u64 {
        *self.generation.borrow()
    }

    /// Tells when there is another one.
    pub(crate) fn doubts(&self) -> watch::Receiver<u64> {
        self.generation.subscribe()
    }

    pub(crate) fn clear(&self) {
        self.doubt();
        for (_, sink) in self.sinks.read().unwrap_or_else(PoisonError::into_inner).iter() {
            if let Some(sink) = sink.upgrade() {
                sink.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Deaf;

    impl Sink for Deaf {
        fn invalidate(&self, _key: &[u8]) {}
        fn clear(&self) {}
    }

    #[test]
    fn of_prefixes_that_overlap_the_shortest_is_watched() {
        let hub = Hub::new();
        let sink: Arc<dyn Sink> = Arc::new(Deaf);
        for prefix in ["tenant:a:", "apikey:", "tenant:", "tenant:", "tenants:"] {
            hub.add(prefix.into(), Arc::downgrade(&sink));
        }
        assert_eq!(*hub.prefixes().borrow(), ["apikey:", "tenant:", "tenants:"]);
    }
}
