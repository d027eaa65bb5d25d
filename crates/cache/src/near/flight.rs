//! Loads that run, at most one for each key.

use std::any::Any;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;

use super::reading::{Mark, Reading};

const STRIPES: usize = 64;

/// What a load brought, for all who wait for it.
#[derive(Debug, Clone)]
pub(super) struct Outcome<V, E> {
    pub(super) result: Result<Option<V>, E>,
    /// The newest moment after which it was right; its proof is there only where a change would have been told.
    pub(super) right_at: Mark,
}

impl<V, E> Outcome<V, E> {
    /// Whether it will do for a caller who came after the load had begun: it shows everything that was told before, and
    /// what would not have been told is no older than what is held may be. Times are microseconds.
    pub(super) fn will_do_for(&self, came: Came, unwatched: u64, now: u64) -> bool {
        let is_young = || came.at < self.right_at.at.saturating_add(unwatched);
        let is_watched = || self.right_at.proof.as_ref().is_some_and(|proof| proof.holds_at(now));
        self.right_at.changes >= came.changes
            && self.right_at.epoch >= came.epoch
            && (is_young() || is_watched())
    }
}

/// When a caller came, and what had been told by then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Came {
    pub(super) changes: u64,
    pub(super) epoch: u64,
    /// Microseconds of the hub's clock.
    pub(super) at: u64,
}

/// Where a load puts its outcome; closed without one when it panicked.
pub(super) type Promise<V, E> = watch::Sender<Option<Outcome<V, E>>>;
pub(super) type Awaited<V, E> = watch::Receiver<Option<Outcome<V, E>>>;

/// A load that runs.
pub(super) struct Flight {
    pub(super) reading: Arc<Reading>,
    /// An [`Awaited`] of the value and error of whoever began it.
    awaited: Box<dyn Any + Send>,
}

impl Flight {
    pub(super) fn new<V, E>(reading: Arc<Reading>, awaited: Awaited<V, E>) -> Self
    where
        V: Send + Sync + 'static,
        E: Send + Sync + 'static,
    {
        Self { reading, awaited: Box::new(awaited) }
    }

    /// Its outcome to come; `None` for a caller with an error of another type.
    pub(super) fn awaited<V: 'static, E: 'static>(&self) -> Option<Awaited<V, E>> {
        self.awaited.downcast_ref().cloned()
    }
}

/// The loads whose keys share a lock.
pub(super) type Stripe = HashMap<Bytes, Flight>;

/// All loads that run. The lock of a key's stripe is also what puts storing its entry and dropping it in an order.
pub(super) struct Flights {
    stripes: Vec<Mutex<Stripe>>,
}

impl Flights {
    pub(super) fn new() -> Self {
        Self { stripes: (0..STRIPES).map(|_| Mutex::default()).collect() }
    }

    pub(super) fn lock(&self, key: &[u8]) -> MutexGuard<'_, Stripe> {
        // Nothing panics between two changes that belong together.
        self.stripes[hash(key) as usize % STRIPES].lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn running(&self) -> usize {
        self.stripes.iter().map(|stripe| stripe.lock().unwrap().len()).sum()
    }
}

/// The same in every process.
pub(super) fn hash(key: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(key);
    hasher.finish()
}
