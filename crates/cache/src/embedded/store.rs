//! The two tables of the embedded cache, and what makes an operation on a key atomic.
//!
//! Values are in a table that evicts the least recently used when memory runs out. Claims, limits and leases are
//! pinned: evicting one would let a second owner in. A key is in one of the two. Every operation on it runs under
//! the lock of its stripe, which is never held over an await.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use moka::notification::RemovalCause;
use moka::policy::EvictionPolicy;

use super::EmbeddedLimits;
use super::entry::{Entry, key_hash};
use super::listeners::Listeners;
use super::stripe::{Counters, Evictable, Room, Slot, Stripe};
use super::time::TimeSource;
use crate::error::CacheError;

const STRIPES: usize = 64;

/// How much longer than its value an entry may occupy memory. Our clock decides whether a value is over; the
/// table's own clock, which may be ahead of ours, only frees the memory.
const RECLAIM_DELAY: Duration = Duration::from_secs(1);

/// Both tables.
pub(super) struct Store {
    /// `None` after closing.
    stripes: Vec<Mutex<Option<Stripe>>>,
    pub(super) room: Room,
    pub(super) counters: Arc<Counters>,
    pub(super) listeners: Listeners,
    clock: Arc<dyn TimeSource>,
}

impl Store {
    pub(super) fn new(limits: EmbeddedLimits, clock: Arc<dyn TimeSource>) -> Self {
        let counters = Arc::new(Counters::default());
        let evictable = evictable(limits.max_bytes, Arc::clone(&clock), Arc::clone(&counters));
        let stripes = (0..STRIPES).map(|_| Mutex::new(Some(Stripe::new(evictable.clone())))).collect();
        Self { stripes, room: Room::new(&limits), counters, listeners: Listeners::default(), clock }
    }

    pub(super) fn now(&self) -> u64 {
        self.clock.now_micros()
    }

    /// Runs one atomic step on a key. When it has no room to pin, entries whose time is over are removed and the
    /// step runs again; it must have changed nothing before.
    pub(super) fn step<T>(
        &self,
        key: &[u8],
        mut step: impl FnMut(&mut Slot<'_>) -> Result<T, CacheError>,
    ) -> Result<T, CacheError> {
        match self.try_step(key, &mut step) {
            Err(CacheError::Full { .. }) => {
                self.reclaim();
                self.try_step(key, &mut step)
            }
            outcome => outcome,
        }
    }

    fn try_step<T>(
        &self,
        key: &[u8],
        step: &mut impl FnMut(&mut Slot<'_>) -> Result<T, CacheError>,
    ) -> Result<T, CacheError> {
        let key_hash = key_hash(key);
        let mut guard = lock(&self.stripes[key_hash as usize % STRIPES]);
        let stripe = guard.as_mut().ok_or(CacheError::Closed)?;
        // Read under the lock, so that the times of the steps on one key are in the order of the steps.
        let now = self.now();
        let mut slot = Slot {
            stripe,
            room: &self.room,
            counters: &self.counters,
            key,
            key_hash,
            now,
            is_changed: false,
        };
        let outcome = step(&mut slot);
        let is_changed = slot.is_changed;
        drop(guard);
        // After the change, so that whoever reads once it is told reads what is new; and before the answer.
        if is_changed {
            self.listeners.tell(key);
        }
        outcome
    }

    /// Removes the pinned entries whose time is over.
    pub(super) fn reclaim(&self) {
        let now = self.now();
        for stripe in &self.stripes {
            if let Some(stripe) = lock(stripe).as_mut() {
                stripe.reclaim(now, &self.room, &self.counters);
            }
        }
    }

    /// Shows every entry, in no order. An entry that lived through the call is among them; one that was pinned
    /// meanwhile may come twice.
    pub(super) fn for_each(&self, mut see: impl FnMut(&Bytes, &Entry)) -> Result<(), CacheError> {
        let evictable = self.evictable()?;
        // From here on keys move to the pinned table only, so the look at that one goes last.
        let _scan = self.room.begin_scan();
        // A step that began before may still be moving its key the other way: let each end.
        self.stripes.iter().for_each(|stripe| drop(lock(stripe)));
        for (key, entry) in &evictable {
            see(&key, &entry);
        }
        for stripe in &self.stripes {
            if let Some(stripe) = lock(stripe).as_ref() {
                stripe.pinned().for_each(|(key, entry)| see(key, entry));
            }
        }
        Ok(())
    }

    /// The evictable table; an error after closing.
    pub(super) fn evictable(&self) -> Result<Evictable, CacheError> {
        let stripe = self.stripes.first().ok_or(CacheError::Closed)?;
        lock(stripe).as_ref().map(|stripe| stripe.evictable.clone()).ok_or(CacheError::Closed)
    }

    /// Removes everything. The evictable table goes with the last stripe that holds it.
    pub(super) fn close(&self) {
        for stripe in &self.stripes {
            drop(lock(stripe).take());
        }
    }
}

/// A step that panicked left its key as it was or as it wanted it: each change is one insertion.
fn lock(stripe: &Mutex<Option<Stripe>>) -> MutexGuard<'_, Option<Stripe>> {
    stripe.lock().unwrap_or_else(PoisonError::into_inner)
}

fn evictable(max_bytes: u64, clock: Arc<dyn TimeSource>, counters: Arc<Counters>) -> Evictable {
    Evictable::builder()
        .max_capacity(max_bytes)
        .weigher(|key, entry| u32::try_from(entry.weight(key)).unwrap_or(u32::MAX))
        // The default policy may turn a new entry away at once in favour of an older one.
        .eviction_policy(EvictionPolicy::lru())
        .expire_after(Reclaim { clock })
        .eviction_listener(move |_, _, cause| {
            match cause {
                RemovalCause::Size => counters.evictions.fetch_add(1, Ordering::Relaxed),
                RemovalCause::Expired => counters.expirations.fetch_add(1, Ordering::Relaxed),
                RemovalCause::Explicit | RemovalCause::Replaced => return,
            };
        })
        .build()
}

/// Tells the evictable table when an entry's memory can go.
struct Reclaim {
    clock: Arc<dyn TimeSource>,
}

impl Reclaim {
    fn after(&self, entry: &Entry) -> Option<Duration> {
        Some(entry.remaining(self.clock.now_micros())? + RECLAIM_DELAY)
    }
}

impl moka::Expiry<Bytes, Entry> for Reclaim {
    fn expire_after_create(&self, _key: &Bytes, entry: &Entry, _created_at: Instant) -> Option<Duration> {
        self.after(entry)
    }

    fn expire_after_update(
        &self,
        _key: &Bytes,
        entry: &Entry,
        _updated_at: Instant,
        _until_then: Option<Duration>,
    ) -> Option<Duration> {
        self.after(entry)
    }
}
