//! One near-cache.

use std::collections::hash_map::Entry as MapEntry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tracing::Instrument;

use super::counters::{Counting, NearCounters};
use super::entry::{Entry, Lifetimes};
use super::flight::{Awaited, Came, Flight, Flights, Outcome, Promise, hash};
use super::hub::{Hub, Sink};
use super::reading::{self, Reading};
use super::settings::NearSettings;
use super::table::{Table, absences, values};
use crate::handle::CacheHandle;

/// How often a caller waits for a load that began before it came. Such a load does as well only if it was right at a
/// later moment than the newest change, so a key that changes all the time is loaded apart in the end.
const MAX_WAITS: usize = 3;

/// What is held under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held<V> {
    /// A value that may be used.
    Fresh(V),
    /// The same, and its time is nearly over: whoever gets it should [`refresh`](NearCache::refresh) it and not wait.
    Due(V),
    /// It is known that there is none.
    Absent,
    /// A value that must not be used any more; it tells what once was.
    Stale(V),
    /// Nothing.
    Nothing,
}

/// What a loader brings.
#[derive(Debug, Clone)]
pub struct Loaded<V> {
    /// The value; `None` when there is none.
    pub value: Option<V>,
    /// Bytes that it takes in memory, without its key.
    pub bytes: usize,
    /// Whether a change of it will be told: it stands in the shared cache under the same key, or is known not to.
    pub is_watched: bool,
    /// Whether it may be held at all; `false` for what was superseded while it was loaded.
    pub may_be_held: bool,
}

/// The load ended without a result: it panicked, or the process is ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the load ended without a result")]
pub struct LoadAborted;

/// Values of one prefix of keys, held in this process. Cheap to clone; all clones are one.
///
/// What is held is used only while a change of it would have been told, or while it is younger than
/// [`NearSettings::unwatched_ttl`]; and never when its key changed after it was read.
pub struct NearCache<V> {
    shared: Arc<Shared<V>>,
}

impl<V> Clone for NearCache<V> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

struct Shared<V> {
    hub: Arc<Hub>,
    values: Table<V>,
    absences: Table<()>,
    flights: Flights,
    value_lifetimes: Lifetimes,
    absence_lifetimes: Lifetimes,
    /// Times that everything was dropped. An entry of another epoch is not used.
    epoch: Arc<AtomicU64>,
    counting: Arc<Counting>,
}

/// How a caller gets what it does not find.
enum Miss<V, E> {
    /// By a load that runs already.
    Wait(Awaited<V, E>, Came),
    /// By a load of its own, for all who come.
    Begin(Landing<V, E>, Awaited<V, E>),
    /// By a load that nobody else gets and that is not held.
    Alone,
}

impl<V: Clone + Send + Sync + 'static> NearCache<V> {
    /// An empty near-cache that hears of changes through `cache`.
    pub fn new(cache: &CacheHandle, settings: NearSettings) -> Self {
        Self::of_hub(Arc::clone(cache.hub()), settings)
    }

    pub(super) fn of_hub(hub: Arc<Hub>, settings: NearSettings) -> Self {
        let counting = Arc::new(Counting::default());
        let shared = Arc::new(Shared {
            hub,
            values: values(&settings, &counting),
            absences: absences(&settings, &counting),
            flights: Flights::new(),
            value_lifetimes: Lifetimes::new(settings.ttl, settings.unwatched_ttl, settings.stale_for),
            absence_lifetimes: Lifetimes::new(settings.absent_ttl, settings.unwatched_ttl, Duration::ZERO),
            epoch: Arc::default(),
            counting,
        });
        let sink: Weak<Shared<V>> = Arc::downgrade(&shared);
        shared.hub.add(Bytes::from_static(settings.prefix.as_bytes()), sink);
        Self { shared }
    }

    /// What is held under `key` at this moment.
    pub fn get(&self, key: &[u8]) -> Held<V> {
        let held = self.shared.look(key);
        // What is missing counts when it is loaded: whoever looks first and loads then misses once.
        if matches!(held, Held::Fresh(_) | Held::Due(_) | Held::Absent) {
            self.shared.count(&held);
        }
        held
    }

    /// What is held, or what `load` brings. Of several callers that miss together one load runs, in a task of its own
    /// that goes on when they leave. A failed load is not remembered; all who waited for it get its error.
    ///
    /// A caller never gets what was read before a change that was told before the call.
    pub async fn get_or_load<E, F, L>(&self, key: &[u8], load: L) -> Result<Option<V>, E>
    where
        E: Clone + From<LoadAborted> + Send + Sync + 'static,
        L: FnOnce() -> F + Send,
        F: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
    {
        let mut waits = 0;
        loop {
            let held = self.shared.look(key);
            if waits == 0 {
                self.shared.count(&held);
            }
            match held {
                Held::Fresh(value) | Held::Due(value) => return Ok(Some(value)),
                Held::Absent => return Ok(None),
                Held::Stale(_) | Held::Nothing => {}
            }
            match Shared::miss::<E>(&self.shared, key, waits) {
                Miss::Wait(awaited, came) => {
                    let outcome = outcome(awaited).await?;
                    if self.shared.will_do(&outcome, came) {
                        return outcome.result;
                    }
                    waits += 1;
                }
                Miss::Begin(landing, awaited) => {
                    tokio::spawn(landing.fly(load()).in_current_span());
                    return outcome(awaited).await?.result;
                }
                Miss::Alone => {
                    // In a task as well, so that a panic of it is no panic of the caller.
                    return match tokio::spawn(load().in_current_span()).await {
                        Ok(loaded) => loaded.map(|loaded| loaded.value),
                        Err(_) => Err(LoadAborted.into()),
                    };
                }
            }
        }
    }

    /// Loads anew what is [due](Held::Due), in a task of its own, unless a load of it runs already. What is held stays until
    /// then, and a load that fails changes nothing.
    pub fn refresh<E, F, L>(&self, key: &[u8], load: L)
    where
        E: Clone + From<LoadAborted> + Send + Sync + 'static,
        L: FnOnce() -> F,
        F: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
    {
        if let Miss::Begin(landing, _awaited) = Shared::miss::<E>(&self.shared, key, MAX_WAITS) {
            tokio::spawn(landing.fly(load()).in_current_span());
        }
    }

    /// Drops what is held under `key`; a load that is under way will not be held either, nor answer those who come later.
    pub fn invalidate(&self, key: &[u8]) {
        self.shared.invalidate(key);
    }

    /// What it counted.
    pub fn counters(&self) -> NearCounters {
        let bytes = self.shared.values.weighted_size().saturating_add(self.shared.absences.weighted_size());
        NearCounters { bytes, ..self.shared.counting.snapshot() }
    }
}

#[cfg(test)]
impl<V: Clone + Send + Sync + 'static> NearCache<V> {
    /// Lets the tables do what they put off.
    pub(super) fn settle(&self) {
        self.shared.values.run_pending_tasks();
        self.shared.absences.run_pending_tasks();
    }

    /// Loads under way.
    pub(super) fn running(&self) -> usize {
        self.shared.flights.running()
    }
}

async fn outcome<V, E>(mut awaited: Awaited<V, E>) -> Result<Outcome<V, E>, E>
where
    V: Clone,
    E: Clone + From<LoadAborted>,
{
    match awaited.wait_for(Option::is_some).await.as_deref() {
        Ok(Some(outcome)) => Ok(outcome.clone()),
        Ok(None) | Err(_) => Err(LoadAborted.into()),
    }
}

impl<V: Clone + Send + Sync + 'static> Shared<V> {
    fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    fn look(&self, key: &[u8]) -> Held<V> {
        let (now, epoch) = (self.hub.now_micros(), self.epoch());
        let value = self.values.get(key);
        if let Some(entry) = &value
            && entry.is_good(now, epoch)
        {
            let content = entry.content.clone();
            return if entry.is_due(now) { Held::Due(content) } else { Held::Fresh(content) };
        }
        if self.absences.get(key).is_some_and(|entry| entry.is_good(now, epoch)) {
            return Held::Absent;
        }
        match value {
            Some(entry) if now < entry.stale_until => Held::Stale(entry.content.clone()),
            _ => Held::Nothing,
        }
    }

    /// Counts what a caller found who loads what is missing.
    fn count(&self, held: &Held<V>) {
        Counting::add(match held {
            Held::Fresh(_) | Held::Due(_) | Held::Absent => &self.counting.hits,
            Held::Stale(_) | Held::Nothing => &self.counting.misses,
        });
    }

    fn will_do<E>(&self, outcome: &Outcome<V, E>, came: Came) -> bool {
        outcome.will_do_for(came, self.value_lifetimes.unwatched, self.hub.now_micros())
    }

    fn miss<E>(shared: &Arc<Self>, key: &[u8], waits: usize) -> Miss<V, E>
    where
        E: Clone + From<LoadAborted> + Send + Sync + 'static,
    {
        let key = Bytes::copy_from_slice(key);
        let mut stripe = shared.flights.lock(&key);
        match stripe.entry(key.clone()) {
            MapEntry::Occupied(flight) => {
                let flight = flight.get();
                let came = Came {
                    changes: flight.reading.changes(),
                    epoch: shared.epoch(),
                    at: shared.hub.now_micros(),
                };
                match flight.awaited() {
                    Some(awaited) if waits < MAX_WAITS => {
                        Counting::add(&shared.counting.coalesced);
                        Miss::Wait(awaited, came)
                    }
                    _ => Miss::Alone,
                }
            }
            MapEntry::Vacant(place) => {
                let reading = Reading::begin(Arc::clone(&shared.hub), key.clone(), Arc::clone(&shared.epoch));
                let reading = Arc::new(reading);
                let (promise, awaited) = watch::channel(None);
                place.insert(Flight::new(Arc::clone(&reading), awaited.clone()));
                Miss::Begin(Landing { shared: Arc::clone(shared), key, reading, promise }, awaited)
            }
        }
    }

    /// Stores what was loaded, unless its key changed since it was right. The caller holds the lock of the key.
    fn store(&self, key: Bytes, loaded: &Loaded<V>, reading: &Reading) {
        let right_at = reading.newest();
        if !loaded.may_be_held || reading.changes() != right_at.changes {
            return;
        }
        let jitter = hash(&key) ^ right_at.at;
        match &loaded.value {
            Some(value) => {
                self.absences.invalidate(&key);
                let entry = Entry::new(
                    value.clone(),
                    loaded.bytes,
                    right_at,
                    loaded.is_watched,
                    self.value_lifetimes,
                    jitter,
                );
                self.values.insert(key, Arc::new(entry));
            }
            None => {
                self.values.invalidate(&key);
                let entry = Entry::new((), 0, right_at, loaded.is_watched, self.absence_lifetimes, jitter);
                self.absences.insert(key, Arc::new(entry));
            }
        }
    }
}

impl<V: Send + Sync + 'static> Sink for Shared<V> {
    fn invalidate(&self, key: &[u8]) {
        let stripe = self.flights.lock(key);
        let mut is_concerned = false;
        if let Some(flight) = stripe.get(key) {
            flight.reading.count_change();
            is_concerned = true;
        }
        is_concerned |= self.values.remove(key).is_some();
        is_concerned |= self.absences.remove(key).is_some();
        if is_concerned {
            Counting::add(&self.counting.invalidations);
        }
    }

    fn clear(&self) {
        // Values stay in memory to tell what once was; none of them is used again.
        self.epoch.fetch_add(1, Ordering::SeqCst);
        self.absences.invalidate_all();
        Counting::add(&self.counting.clears);
    }
}

/// A load under way: takes itself off the list however it ends.
struct Landing<V, E> {
    shared: Arc<Shared<V>>,
    key: Bytes,
    reading: Arc<Reading>,
    promise: Promise<V, E>,
}

impl<V: Clone + Send + Sync + 'static, E> Landing<V, E> {
    async fn fly(self, load: impl Future<Output = Result<Loaded<V>, E>>) {
        let loaded = reading::scope(Arc::clone(&self.reading), load).await;
        let mut stripe = self.shared.flights.lock(&self.key);
        if let Ok(loaded) = &loaded {
            self.shared.store(self.key.clone(), loaded, &self.reading);
        }
        // Stored first: who finds no load any more finds the entry.
        stripe.remove(&self.key);
        drop(stripe);
        let mut right_at = self.reading.newest();
        right_at.proof = right_at.proof.filter(|_| loaded.as_ref().is_ok_and(|loaded| loaded.is_watched));
        let result = loaded.map(|loaded| loaded.value);
        self.promise.send_replace(Some(Outcome { result, right_at }));
    }
}

impl<V, E> Drop for Landing<V, E> {
    fn drop(&mut self) {
        let mut stripe = self.shared.flights.lock(&self.key);
        // It may be off the list already, and another load of the key on it.
        if stripe.get(&self.key).is_some_and(|flight| Arc::ptr_eq(&flight.reading, &self.reading)) {
            stripe.remove(&self.key);
        }
    }
}
