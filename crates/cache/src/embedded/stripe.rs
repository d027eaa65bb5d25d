//! A share of the pinned entries, and one key of it under its lock.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;

use super::EmbeddedLimits;
use super::entry::Entry;
use crate::error::{CacheError, PinnedLimit};

/// The entries that may be evicted; one table for all stripes.
pub(super) type Evictable = moka::sync::Cache<Bytes, Entry>;

/// What happened, since the cache was made.
#[derive(Default)]
pub(super) struct Counters {
    pub(super) hits: AtomicU64,
    pub(super) misses: AtomicU64,
    pub(super) evictions: AtomicU64,
    pub(super) expirations: AtomicU64,
}

impl Counters {
    pub(super) fn count_read(&self, found: bool) {
        let counter = if found { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// How much may be pinned over all stripes, and how much is.
pub(super) struct Room {
    max_entries: usize,
    max_bytes: u64,
    used: AtomicUsize,
    bytes: AtomicU64,
    scans: AtomicUsize,
}

/// A scan of both tables, until it is dropped.
pub(super) struct Scan<'room>(&'room Room);

impl Drop for Scan<'_> {
    fn drop(&mut self) {
        self.0.scans.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Room {
    pub(super) fn new(limits: &EmbeddedLimits) -> Self {
        Self {
            max_entries: limits.max_pinned,
            max_bytes: limits.max_pinned_bytes,
            used: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
            scans: AtomicUsize::new(0),
        }
    }

    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// While the scan lives, no key leaves the pinned table for the evictable one.
    pub(super) fn begin_scan(&self) -> Scan<'_> {
        self.scans.fetch_add(1, Ordering::SeqCst);
        Scan(self)
    }

    fn is_scanned(&self) -> bool {
        self.scans.load(Ordering::SeqCst) > 0
    }

    fn enter(&self) -> Result<(), CacheError> {
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                (used < self.max_entries).then_some(used + 1)
            })
            .map(drop)
            .map_err(|_| CacheError::Full { limit: PinnedLimit::Entries(self.max_entries) })
    }

    /// Whether as many bytes more may be pinned. Several keys at once may go above it by an entry each.
    fn check_growth(&self, growth: u64) -> Result<(), CacheError> {
        if growth > 0 && self.bytes() + growth > self.max_bytes {
            return Err(CacheError::Full { limit: PinnedLimit::Bytes(self.max_bytes) });
        }
        Ok(())
    }
}

/// The pinned entries whose keys share a lock. The same lock guards their keys in the evictable table.
pub(super) struct Stripe {
    pinned: HashMap<Bytes, Entry>,
    /// The pinned entries that have one, by deadline.
    deadlines: BTreeSet<(u64, Bytes)>,
    pub(super) evictable: Evictable,
}

impl Stripe {
    pub(super) fn new(evictable: Evictable) -> Self {
        Self { pinned: HashMap::new(), deadlines: BTreeSet::new(), evictable }
    }

    pub(super) fn pinned(&self) -> impl Iterator<Item = (&Bytes, &Entry)> {
        self.pinned.iter()
    }

    /// Removes the pinned entries whose time is over.
    pub(super) fn reclaim(&mut self, now: u64, room: &Room, counters: &Counters) {
        while let Some((at, key)) = self.deadlines.pop_first() {
            if at > now {
                self.deadlines.insert((at, key));
                return;
            }
            self.unpin(&key, room);
            counters.expirations.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn pin(&mut self, key: &[u8], entry: Entry, room: &Room) -> Result<(), CacheError> {
        let before = self.pinned.get(key).map(|old| old.weight(key));
        room.check_growth(entry.weight(key).saturating_sub(before.unwrap_or(0)))?;
        if before.is_none() {
            room.enter()?;
        }
        self.replace_pinned(key, entry, room);
        Ok(())
    }

    /// Stores an entry that has its room already.
    fn replace_pinned(&mut self, key: &[u8], entry: Entry, room: &Room) {
        self.forget_deadline(key);
        room.bytes.fetch_add(entry.weight(key), Ordering::Relaxed);
        let stored_key = Bytes::copy_from_slice(key);
        if let Some(at) = entry.expires_at {
            self.deadlines.insert((at, stored_key.clone()));
        }
        if let Some(old) = self.pinned.insert(stored_key, entry) {
            room.bytes.fetch_sub(old.weight(key), Ordering::Relaxed);
        }
    }

    /// Answers whether it was there.
    fn unpin(&mut self, key: &[u8], room: &Room) -> bool {
        self.forget_deadline(key);
        let Some(old) = self.pinned.remove(key) else { return false };
        room.used.fetch_sub(1, Ordering::Relaxed);
        room.bytes.fetch_sub(old.weight(key), Ordering::Relaxed);
        true
    }

    fn forget_deadline(&mut self, key: &[u8]) {
        if let Some((key, Entry { expires_at: Some(at), .. })) = self.pinned.get_key_value(key) {
            self.deadlines.remove(&(*at, key.clone()));
        }
    }
}

/// One key, while its lock is held: what is done through it is one atomic step.
pub(super) struct Slot<'step> {
    pub(super) stripe: &'step mut Stripe,
    pub(super) room: &'step Room,
    pub(super) counters: &'step Counters,
    pub(super) key: &'step [u8],
    pub(super) key_hash: u64,
    /// The time of this step, microseconds since the Unix epoch.
    pub(super) now: u64,
    /// Whether what stands under the key is not what stood there before this step.
    pub(super) is_changed: bool,
}

impl Slot<'_> {
    /// What stands under the key. An entry whose time is over is removed.
    pub(super) fn read(&mut self) -> Option<Entry> {
        let found = match self.stripe.pinned.get(self.key) {
            Some(entry) => entry.clone(),
            None => self.stripe.evictable.get(self.key)?,
        };
        if found.is_expired(self.now) {
            self.remove();
            self.counters.expirations.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(found)
    }

    /// Stores a value that may be evicted.
    pub(super) fn put(&mut self, value: &[u8], expires_at: Option<u64>) {
        self.is_changed = true;
        let entry = self.entry(value, expires_at);
        // A scan may have passed the evictable table already: until it ends, a pinned key stays where it is.
        if self.room.is_scanned() && self.stripe.pinned.contains_key(self.key) {
            self.stripe.replace_pinned(self.key, entry, self.room);
            return;
        }
        self.stripe.evictable.insert(Bytes::copy_from_slice(self.key), entry);
        self.stripe.unpin(self.key, self.room);
    }

    /// Stores a value that stays until it is removed or its time is over. On an error nothing has changed.
    pub(super) fn pin(&mut self, value: &[u8], expires_at: Option<u64>) -> Result<(), CacheError> {
        let entry = self.entry(value, expires_at);
        self.stripe.pin(self.key, entry, self.room)?;
        self.stripe.evictable.invalidate(self.key);
        self.is_changed = true;
        Ok(())
    }

    /// Stores a value where the one before it stood: pinned stays pinned.
    pub(super) fn rewrite(&mut self, value: &[u8], expires_at: Option<u64>) -> Result<(), CacheError> {
        if self.stripe.pinned.contains_key(self.key) {
            return self.pin(value, expires_at);
        }
        self.put(value, expires_at);
        Ok(())
    }

    pub(super) fn remove(&mut self) {
        self.is_changed |= self.stripe.unpin(self.key, self.room);
        self.is_changed |= self.stripe.evictable.remove(self.key).is_some();
    }

    fn entry(&self, value: &[u8], expires_at: Option<u64>) -> Entry {
        // A copy: the caller's bytes may be a few of a large buffer, which would then live as long as they do.
        Entry { value: Bytes::copy_from_slice(value), expires_at, key_hash: self.key_hash }
    }
}
