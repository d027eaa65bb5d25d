//! The takes of all keys: at most one of each key is in flight, and the requests that come meanwhile take together.
//!
//! The first request of a key asks for itself. Those that come while it waits gather; when the answer is there, the first
//! of them asks for all. So the cache is asked as often as it can answer, however many requests there are, and grants come
//! in the order of arrival. Nothing is spawned and nothing is sent between tasks: a waiting request is its waker in a list.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use bytes::Bytes;
use cache::{CacheClient, CacheError, CacheHandle, Grant, TakeRequest};
use tokio::time::timeout;

use super::denial::Denial;
use super::flight::{Batch, Flight, Landing};

const SHARDS: usize = 32;

/// How many denials a shard remembers. One that finds no room costs a round trip for each request, as if it were over.
const MAX_DENIALS: usize = 512;

/// Denials live for a second at most: looking for room more often finds little.
const SWEEP_PERIOD: Duration = Duration::from_millis(100);

/// What a request meets.
pub(super) enum Arrival {
    /// The key was denied a moment ago.
    Denied(Denial),
    /// Nobody is ahead: it asks for itself.
    Lead,
    /// It waits at this place.
    Join(Arc<Batch>, usize),
    /// Too many wait.
    Crowded,
}

/// What a take that is over means for the requests behind it.
pub(super) enum Outcome {
    /// All were granted, or what comes of it is not known: the next may ask.
    Next,
    /// The last of them was denied.
    Denied(Denial),
    /// The cache does not answer; those behind have waited already.
    Failed {
        /// As in [`Landing::Failed`].
        timed_out: bool,
    },
}

/// The takes of all keys.
pub(super) struct Takes {
    cache: CacheHandle,
    /// How long a take may last, where that is less than what the cache gives it.
    time: Option<Duration>,
    shards: Vec<Mutex<Shard>>,
}

#[derive(Default)]
struct Shard {
    entries: HashMap<Bytes, Entry>,
    denials: usize,
    swept_at: Duration,
}

/// A key that is in use or was denied.
#[derive(Default)]
struct Entry {
    /// A take is in flight, or somebody was called to ask for the next.
    is_busy: bool,
    gathering: Option<Arc<Batch>>,
    denial: Option<Denial>,
}

/// What to do for those behind once no lock is held.
enum Behind {
    Nobody,
    Call(Waker),
    Settle(Arc<Batch>, Landing),
}

impl Takes {
    pub(super) fn new(cache: CacheHandle, time: Option<Duration>) -> Self {
        Self { cache, time, shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }

    pub(super) fn cache(&self) -> &CacheHandle {
        &self.cache
    }

    pub(super) fn time(&self) -> Option<Duration> {
        self.time
    }

    /// A request of this key, woken by `waker` when it is its turn.
    pub(super) fn arrive(&self, key: &Bytes, waker: &Waker, now: Duration) -> Arrival {
        let mut shard = self.shard(key);
        let shard = &mut *shard;
        let Some(entry) = shard.entries.get_mut(key) else {
            shard.entries.insert(key.clone(), Entry { is_busy: true, ..Entry::default() });
            return Arrival::Lead;
        };
        match entry.denial {
            Some(denial) if denial.is_in_force(now) => return Arrival::Denied(denial),
            Some(_) => {
                entry.denial = None;
                shard.denials -= 1;
            }
            None => {}
        }
        if !entry.is_busy {
            entry.is_busy = true;
            return Arrival::Lead;
        }
        let batch = entry.gathering.get_or_insert_with(|| Arc::new(Batch::new()));
        match batch.join(waker) {
            Some(place) => Arrival::Join(Arc::clone(batch), place),
            None => Arrival::Crowded,
        }
    }

    /// Whoever comes from now on is not part of what gathered.
    pub(super) fn close(&self, key: &Bytes) {
        if let Some(entry) = self.shard(key).entries.get_mut(key) {
            entry.gathering = None;
        }
    }

    /// Asks the cache for `count` at once.
    pub(super) fn take_off(
        &self,
        key: &Bytes,
        one: TakeRequest,
        count: u64,
        now: Duration,
    ) -> Result<Flight, CacheError> {
        let cache = self.cache.current()?;
        let key = key.clone();
        let request = if count == 1 { one } else { one.cost(count, Grant::AsManyAsFit) };
        let take: Pin<Box<dyn Future<Output = _> + Send>> = match self.time {
            None => Box::pin(async move { cache.take(&key, request).await }),
            Some(time) => {
                let elapsed = CacheError::Timeout { node: self.cache.addresses().to_owned(), after: time };
                Box::pin(
                    async move { timeout(time, cache.take(&key, request)).await.unwrap_or(Err(elapsed)) },
                )
            }
        };
        Ok(Flight { take, count, asked_at: now })
    }

    /// The take in flight is over, or was given up: those behind it come next.
    pub(super) fn hand_on(&self, key: &Bytes, outcome: &Outcome, now: Duration) {
        let behind = self.next(key, outcome, now);
        match behind {
            Behind::Nobody => {}
            Behind::Call(waker) => waker.wake(),
            Behind::Settle(batch, landing) => batch.land(landing),
        }
    }

    fn next(&self, key: &Bytes, outcome: &Outcome, now: Duration) -> Behind {
        let mut shard = self.shard(key);
        let shard = &mut *shard;
        let in_force = match outcome {
            Outcome::Denied(denial) if denial.is_in_force(now) => Some(*denial),
            _ => None,
        };
        let has_room = in_force.is_some() && shard.has_room(now);
        let Some(entry) = shard.entries.get_mut(key) else {
            return Behind::Nobody;
        };
        if has_room && entry.denial.is_none() {
            entry.denial = in_force;
            shard.denials += 1;
        }
        let settled = match (outcome, in_force) {
            (Outcome::Failed { timed_out }, _) => Some(Landing::Failed { timed_out: *timed_out }),
            (_, Some(denial)) => Some(Landing::Denied(denial)),
            (Outcome::Next | Outcome::Denied(_), None) => None,
        };
        let behind = match (entry.gathering.as_ref(), settled) {
            (None, _) => Behind::Nobody,
            (Some(batch), Some(landing)) => Behind::Settle(Arc::clone(batch), landing),
            (Some(batch), None) => batch.call().map_or(Behind::Nobody, Behind::Call),
        };
        if !matches!(behind, Behind::Call(_)) {
            entry.gathering = None;
            entry.is_busy = false;
            if entry.denial.is_none() {
                shard.entries.remove(key);
            }
        }
        behind
    }

    fn shard(&self, key: &[u8]) -> MutexGuard<'_, Shard> {
        // The end of a key tells callers apart. Who chose ids that meet in one shard would share its lock, no more.
        let sum =
            key.iter().rev().take(8).fold(0_usize, |sum, byte| sum.wrapping_mul(31) + usize::from(*byte));
        let shard = &self.shards[sum % SHARDS];
        // Every change is complete before anything that can panic.
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many keys are in use or remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap().entries.len()).sum()
    }
}

impl Shard {
    /// Whether one more denial can be remembered. Forgets those that are over when there is no room.
    fn has_room(&mut self, now: Duration) -> bool {
        if self.denials >= MAX_DENIALS && now >= self.swept_at + SWEEP_PERIOD {
            self.swept_at = now;
            self.entries.retain(|_, entry| {
                entry.denial = entry.denial.filter(|denial| denial.is_in_force(now));
                entry.is_busy || entry.denial.is_some()
            });
            self.denials = self.entries.values().filter(|entry| entry.denial.is_some()).count();
        }
        self.denials < MAX_DENIALS
    }
}
