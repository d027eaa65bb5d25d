//! Which changes a value that is being loaded already shows.
//!
//! A load is a read somewhere between its beginning and its end. A change told in between may have come before or after
//! the read, so what was loaded is not held. But the shared cache tells us of our own writes too, also of the lease that
//! this very load placed. So a loader that proves its value right at a later moment says so: it takes a [`Mark`] before
//! it asks, and adopts it once the answer shows that nothing had changed until then.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::hub::Hub;
use super::proof::Proof;

tokio::task_local! {
    /// The reading that the task of a load is for.
    static READING: Arc<Reading>;
}

/// A moment: what is read after it shows every change that was told before it.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    /// Changes of the key told since the load began.
    pub(super) changes: u64,
    /// Times that everything was dropped.
    pub(super) epoch: u64,
    /// Microseconds of the hub's clock.
    pub(super) at: u64,
    /// Who watched the key.
    pub(super) proof: Option<Arc<Proof>>,
}

/// One load of one key.
pub(super) struct Reading {
    hub: Arc<Hub>,
    key: Bytes,
    /// Of the near-cache.
    epoch: Arc<AtomicU64>,
    changes: AtomicU64,
    newest: Mutex<Mark>,
}

impl Reading {
    /// A load that begins now.
    pub(super) fn begin(hub: Arc<Hub>, key: Bytes, epoch: Arc<AtomicU64>) -> Self {
        let begin = take(&hub, &key, &epoch, 0);
        Self { hub, key, epoch, changes: AtomicU64::new(0), newest: Mutex::new(begin) }
    }

    /// The key changed.
    pub(super) fn count_change(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    fn mark(&self) -> Mark {
        take(&self.hub, &self.key, &self.epoch, self.changes())
    }

    fn adopt(&self, mark: Mark) {
        *self.lock() = mark;
    }

    /// The newest moment after which what is loaded was right.
    pub(super) fn newest(&self) -> Mark {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Mark> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take(hub: &Hub, key: &[u8], epoch: &AtomicU64, changes: u64) -> Mark {
    Mark { changes, epoch: epoch.load(Ordering::SeqCst), at: hub.now_micros(), proof: hub.proof(key) }
}

/// Runs a load. Marks inside are those of `reading`.
pub(super) async fn scope<F: Future>(reading: Arc<Reading>, load: F) -> F::Output {
    READING.scope(reading, load).await
}

/// Takes a mark for the load that this task runs for `key`; `None` outside of one.
pub(crate) fn mark(key: &[u8]) -> Option<Mark> {
    READING.try_with(|reading| (reading.key == key).then(|| reading.mark())).ok().flatten()
}

/// What this task loads was right at some moment after `mark` was taken.
pub(crate) fn adopt(mark: Option<Mark>) {
    if let Some(mark) = mark {
        // Outside of a load there was no mark either.
        let _ = READING.try_with(|reading| reading.adopt(mark));
    }
}
