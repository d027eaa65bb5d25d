//! What may be answered when nothing else answers: what was confirmed of connections and of keys, remembered for a while.
//!
//! Confirmed is what the store said, or the shared cache where a change would have been told. It is kept in memory, sealed, and
//! in a file of its own beside the process ([`SnapshotFile`]), so that a restart loses nothing. A record of a newer version
//! always wins over one of an older: who was suspended, deleted or revoked, as far as this process knows, stays so, whatever
//! else is old. What the process changes itself is on the disk before the change is answered.
//!
//! Connections whose places or passwords were changed since are not served any more ([`Kind::Superseded`]): an old password is
//! worth nothing, and an old place may be another's. A change of anything else, such as a name, leaves them.

mod connections;
mod content;
mod counters;
mod file;
mod frames;
mod keys;
mod outage;
mod snapshot;
mod table;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{Clock, Timestamp};
use seal::KeyRing;

pub(crate) use content::Places;
pub use counters::FailSafeCounters;
pub use file::SnapshotFile;
pub(crate) use outage::Outage;

use content::{Content, Kind};
use snapshot::Snapshot;
use table::{Entry, Table};

/// Sealed bytes with what they take beside them.
const MAX_BYTES: usize = 128 * 1024 * 1024;

/// Remembers what was confirmed. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct FailSafe(Option<Arc<Shared>>);

struct Shared {
    window: Duration,
    ring: KeyRing,
    clock: Arc<dyn Clock>,
    table: Mutex<Table>,
    snapshot: Snapshot,
    outage: Outage,
    served: AtomicU64,
    honoured: AtomicU64,
}

impl FailSafe {
    /// Remembers nothing.
    pub fn off() -> Self {
        Self(None)
    }

    /// Serves for `window` what was confirmed, and keeps it in `file`, sealed with `ring`; without a file, until the process
    /// ends. A window of zero is [`off`](Self::off).
    pub fn new(
        window: Duration,
        ring: KeyRing,
        clock: Arc<dyn Clock>,
        file: Option<Arc<dyn SnapshotFile>>,
    ) -> Self {
        Self::bounded(window, ring, clock, file, MAX_BYTES)
    }

    fn bounded(
        window: Duration,
        ring: KeyRing,
        clock: Arc<dyn Clock>,
        file: Option<Arc<dyn SnapshotFile>>,
        max_bytes: usize,
    ) -> Self {
        if window.is_zero() {
            return Self::off();
        }
        Self(Some(Arc::new(Shared {
            window,
            ring,
            clock,
            table: Mutex::new(Table::new(max_bytes)),
            snapshot: Snapshot::new(file),
            outage: Outage::default(),
            served: AtomicU64::new(0),
            honoured: AtomicU64::new(0),
        })))
    }

    /// What it did, and what it holds.
    pub fn counters(&self) -> FailSafeCounters {
        let Some(shared) = &self.0 else { return FailSafeCounters::default() };
        let (entries, bytes, evicted) = {
            let table = shared.table();
            (table.len(), table.bytes(), table.evicted())
        };
        FailSafeCounters {
            entries,
            bytes,
            evicted,
            served: shared.served.load(Ordering::Relaxed),
            honoured: shared.honoured.load(Ordering::Relaxed),
            ..shared.snapshot.counters()
        }
    }
}

impl Shared {
    fn now(&self) -> Timestamp {
        self.clock.now().into()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Every change is complete before anything that can panic.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest time of confirmation that is too old to be served.
    fn end(&self) -> Timestamp {
        self.now().before(self.window)
    }

    /// Seals what is to be remembered under `name`, and remembers it, unless a newer version is known; says whether it was taken.
    fn remember(&self, name: &str, content: &Content<'_>) -> bool {
        let sealed = match content::sealed(&self.ring, name, content) {
            Ok(sealed) => sealed,
            Err(error) => {
                tracing::warn!(%error, "not remembered for the fail-safe");
                return false;
            }
        };
        self.table().put(name, Entry::new(content, sealed))
    }

    /// What is remembered under `name`, with its age, if it is not too old.
    fn recall(&self, name: &str) -> Option<(content::Opened, Duration)> {
        let now = self.now();
        let (sealed, confirmed_at) = {
            let table = self.table();
            let entry = table.get(name).filter(|entry| entry.confirmed_at > self.end())?;
            (entry.sealed.clone(), entry.confirmed_at)
        };
        let age = u64::try_from(now.millis() - confirmed_at.millis()).unwrap_or_default();
        match content::opened(&self.ring, &sealed) {
            Ok(opened) => Some((opened, Duration::from_millis(age))),
            Err(error) => {
                tracing::warn!(%error, "what is remembered for the fail-safe does not open");
                None
            }
        }
    }

    /// Whether what is remembered under `name` has to be compared with this version.
    fn is_behind(&self, name: &str, version: u64) -> bool {
        self.known(name)
            .is_some_and(|(kind, known)| known < version || (known == version && kind == Kind::Superseded))
    }

    /// What kind of thing is remembered under `name`, and its newest version, if it is not too old.
    fn known(&self, name: &str) -> Option<(Kind, u64)> {
        let end = self.end();
        let table = self.table();
        table.get(name).filter(|entry| entry.confirmed_at > end).map(|entry| (entry.kind, entry.known))
    }
}

impl std::fmt::Debug for FailSafe {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("FailSafe").field("is_on", &self.0.is_some()).finish()
    }
}
