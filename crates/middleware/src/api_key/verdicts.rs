//! Who presents a key: from memory where it is known, by a look-up where it is not.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cache::{CacheHandle, Held, NearCache, NearCounters, NearSettings};
use domain::{ApiKeyHash, ApiKeySource, Caller, Clock, RecalledKey, RememberedKeys, UsedKeys};
use moka::sync::Cache as Memory;
use seal::KeyRing;
use tokio::time::timeout;

use super::cache_key::{CacheKey, PREFIX};
use super::gate::{Gate, SourceLimits};
use super::known_key::KnownKey;
use super::look_up::{Lane, LookUp, Source, Wanted};
use super::refusal::Refusal;
use crate::flood_gate::FloodGate;

const NEAR: NearSettings = NearSettings {
    prefix: PREFIX,
    max_bytes: 16 * 1024 * 1024,
    max_absent_bytes: 4 * 1024 * 1024,
    ttl: Duration::from_secs(60),
    absent_ttl: Duration::from_secs(5),
    unwatched_ttl: Duration::from_millis(1_500),
    stale_for: Duration::from_secs(86_400),
};
/// Keys of which it is remembered that they were found once, also after their record went from memory.
const MAX_ONCE_KNOWN: u64 = 20_000;
/// For the round trips beside the source.
const ROUND_TRIPS: Duration = Duration::from_millis(200);

/// What one request after the other is checked with.
pub(super) struct Verdicts {
    source: Source,
    cached: Option<Cached>,
    outage: FloodGate,
    used: Option<Arc<dyn UsedKeys>>,
}

/// What is known without asking the source.
struct Cached {
    near: NearCache<Arc<KnownKey>>,
    once_known: Memory<ApiKeyHashBytes, ()>,
    look_up: Arc<LookUp>,
}

type ApiKeyHashBytes = [u8; 32];

/// What can be said of a key at once.
pub(super) enum AtOnce {
    Decided(Result<Caller, Refusal>),
    /// It has to be looked up.
    Unknown(Lane),
}

/// What a look-up brought.
pub(super) struct Found {
    pub(super) caller: Caller,
    /// The shared cache gave no answer.
    pub(super) is_cache_in_trouble: bool,
}

impl Verdicts {
    /// Asks the source every time.
    pub(super) fn uncached(source: Arc<dyn ApiKeySource>, clock: Arc<dyn Clock>) -> Self {
        let time_limit = SourceLimits::default().time_limit;
        Self::over(Source { port: source, clock, time_limit })
    }

    fn over(source: Source) -> Self {
        Self { source, cached: None, outage: FloodGate::default(), used: None }
    }

    /// Asks memory, the shared cache and the source.
    pub(super) fn cached(
        source: Arc<dyn ApiKeySource>,
        clock: Arc<dyn Clock>,
        cache: CacheHandle,
        ring: KeyRing,
    ) -> Self {
        let verdicts = Self::uncached(source, clock);
        let near = NearCache::new(&cache, NEAR);
        let gate = Arc::new(Gate::new(SourceLimits::default()));
        let look_up =
            Arc::new(LookUp { source: verdicts.source.clone(), cache, ring, gate, remembered: None });
        let once_known = Memory::builder().max_capacity(MAX_ONCE_KNOWN).time_to_live(NEAR.stale_for).build();
        Self { cached: Some(Cached { near, once_known, look_up }), ..verdicts }
    }

    /// The same with other limits; what is known stays.
    pub(super) fn with_limits(&self, limits: SourceLimits) -> Self {
        let source = Source { time_limit: limits.time_limit, ..self.source.clone() };
        let changed = Self { used: self.used.clone(), ..Self::over(source.clone()) };
        self.with_look_up(changed, |look_up| LookUp { source, gate: Arc::new(Gate::new(limits)), ..look_up })
    }

    /// The same, and what is found out of keys is remembered. Without a cache nothing is.
    pub(super) fn remembering(&self, remembered: Arc<dyn RememberedKeys>) -> Self {
        let changed = Self { used: self.used.clone(), ..Self::over(self.source.clone()) };
        self.with_look_up(changed, |look_up| LookUp { remembered: Some(remembered), ..look_up })
    }

    /// The same, and `used` hears of the keys that callers are let in with.
    pub(super) fn telling_uses(&self, used: Arc<dyn UsedKeys>) -> Self {
        let changed = Self { used: Some(used), ..Self::over(self.source.clone()) };
        self.with_look_up(changed, |look_up| look_up)
    }

    fn with_look_up(&self, changed: Self, change: impl FnOnce(LookUp) -> LookUp) -> Self {
        let cached = self.cached.as_ref().map(|cached| Cached {
            near: cached.near.clone(),
            once_known: cached.once_known.clone(),
            look_up: Arc::new(change(cached.look_up.as_ref().clone())),
        });
        Self { cached, ..changed }
    }

    /// Says why somebody did not get through.
    pub(super) fn tell(&self, refusal: &Refusal) {
        refusal.log(&self.outage);
    }

    pub(super) fn counters(&self) -> NearCounters {
        self.cached.as_ref().map(|cached| cached.near.counters()).unwrap_or_default()
    }

    /// What is known of a key. Waits for nothing.
    pub(super) fn at_once(&self, hash: &ApiKeyHash) -> AtOnce {
        let Some(cached) = &self.cached else { return AtOnce::Unknown(Lane::Known) };
        match cached.near.get(&CacheKey::of(hash)) {
            Held::Fresh(known) | Held::Due(known) => {
                let now = self.source.now();
                let caller = known.caller_at(hash, now);
                if caller.is_ok() && known.is_old_at(now) {
                    // Else the look-up would find it there again.
                    cached.near.invalidate(&CacheKey::of(hash));
                    return AtOnce::Unknown(Lane::Known);
                }
                self.tell_use(&known, &caller, now);
                AtOnce::Decided(caller)
            }
            Held::Absent => AtOnce::Decided(Err(Refusal::Unknown)),
            Held::Stale(_) => AtOnce::Unknown(Lane::Known),
            Held::Nothing if cached.once_known.contains_key(hash.as_bytes()) => AtOnce::Unknown(Lane::Known),
            Held::Nothing if cached.look_up.recalled(hash) != RecalledKey::Nothing => {
                AtOnce::Unknown(Lane::Known)
            }
            Held::Nothing if cached.look_up.gate.is_full() => AtOnce::Decided(Err(Refusal::TooMany)),
            Held::Nothing => AtOnce::Unknown(Lane::Stranger),
        }
    }

    /// Looks a key up. When the source gives no answer, a key that was withdrawn as far as is remembered is refused, and one that
    /// was good is let in where the request `may_recall`.
    pub(super) async fn look_up_or_recall(&self, wanted: Wanted, may_recall: bool) -> Result<Found, Refusal> {
        let refusal = match self.look_up(wanted).await {
            Err(refusal) if refusal.is_outage() => refusal,
            decided => return decided,
        };
        let Some(look_up) = self.cached.as_ref().map(|cached| &cached.look_up) else { return Err(refusal) };
        match look_up.recalled(&wanted.hash) {
            RecalledKey::Revoked => Err(Refusal::Unknown),
            RecalledKey::Confirmed(record)
                if may_recall && !look_up.is_superseded(&wanted, record.version).await =>
            {
                let caller = self.let_in(&KnownKey::of(&record), &wanted.hash)?;
                if let Some(remembered) = &look_up.remembered {
                    remembered.was_honoured();
                }
                Ok(Found { caller, is_cache_in_trouble: false })
            }
            RecalledKey::Confirmed(_) | RecalledKey::Nothing => Err(refusal),
        }
    }

    fn let_in(&self, known: &KnownKey, hash: &ApiKeyHash) -> Result<Caller, Refusal> {
        let now = self.source.now();
        let caller = known.caller_at(hash, now);
        self.tell_use(known, &caller, now);
        caller
    }

    fn tell_use(&self, known: &KnownKey, caller: &Result<Caller, Refusal>, now: SystemTime) {
        if let (Some(used), Ok(caller)) = (&self.used, caller)
            && known.is_use_to_be_told(now)
        {
            used.was_used(caller.id(), now);
        }
    }

    async fn look_up(&self, wanted: Wanted) -> Result<Found, Refusal> {
        let hash = wanted.hash;
        let Some(cached) = &self.cached else {
            let record = self.source.find(&hash).await?.ok_or(Refusal::Unknown)?;
            let caller = self.let_in(&KnownKey::of(&record), &hash)?;
            return Ok(Found { caller, is_cache_in_trouble: false });
        };
        let known = cached.look_up(wanted).await?.ok_or(Refusal::Unknown)?;
        let caller = self.let_in(&known, &hash)?;
        Ok(Found { caller, is_cache_in_trouble: known.was_found_in_trouble })
    }
}

impl Cached {
    async fn look_up(&self, wanted: Wanted) -> Result<Option<Arc<KnownKey>>, Refusal> {
        let Wanted { hash, key, .. } = wanted;
        let look_up = Arc::clone(&self.look_up);
        // A new key takes two questions to the source. The load itself goes on, for those who come later.
        let time_limit = self.look_up.source.time_limit * 2 + ROUND_TRIPS;
        let loaded = self.near.get_or_load(&key, move || async move { look_up.run(wanted).await });
        let known = timeout(time_limit, loaded).await.unwrap_or(Err(Refusal::TooSlow))?;
        match &known {
            Some(_) => self.once_known.insert(*hash.as_bytes(), ()),
            None => self.once_known.invalidate(hash.as_bytes()),
        }
        Ok(known)
    }
}
