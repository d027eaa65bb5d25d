//! Who presents a key: from memory where it is known, by a look-up where it is not.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use cache::{CacheHandle, Held, NearCache, NearCounters, NearSettings};
use domain::{ApiKeyHash, ApiKeySource, Caller, Clock};
use moka::sync::Cache as Memory;
use seal::KeyRing;
use tokio::time::timeout;

use super::gate::{Gate, SourceLimits};
use super::known_key::KnownKey;
use super::look_up::{Lane, LookUp, Source, Wanted};
use super::refusal::Refusal;

const PREFIX: &str = "apikey:sha256:";
const HEX: &[u8; 16] = b"0123456789abcdef";

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

/// What a key is held under: the prefix and the hash in hex.
#[derive(Clone, Copy)]
pub(super) struct CacheKey([u8; PREFIX.len() + 64]);

impl CacheKey {
    pub(super) fn of(hash: &ApiKeyHash) -> Self {
        let mut key = [0; PREFIX.len() + 64];
        let (prefix, hex) = key.split_at_mut(PREFIX.len());
        prefix.copy_from_slice(PREFIX.as_bytes());
        for (pair, byte) in hex.chunks_exact_mut(2).zip(hash.as_bytes()) {
            pair.copy_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
        Self(key)
    }
}

impl Deref for CacheKey {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// What one request after the other is checked with.
pub(super) struct Verdicts {
    source: Source,
    cached: Option<Cached>,
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
        Self { source: Source { source, clock, time_limit }, cached: None }
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
        let look_up = Arc::new(LookUp { asked: verdicts.source.clone(), cache, ring, gate });
        let once_known = Memory::builder().max_capacity(MAX_ONCE_KNOWN).time_to_live(NEAR.stale_for).build();
        Self { cached: Some(Cached { near, once_known, look_up }), ..verdicts }
    }

    /// The same with other limits; what is known stays.
    pub(super) fn with_limits(&self, limits: SourceLimits) -> Self {
        let source = Source { time_limit: limits.time_limit, ..self.source.clone() };
        let cached = self.cached.as_ref().map(|cached| {
            let look_up = LookUp {
                asked: source.clone(),
                cache: cached.look_up.cache.clone(),
                ring: cached.look_up.ring.clone(),
                gate: Arc::new(Gate::new(limits)),
            };
            Cached {
                near: cached.near.clone(),
                once_known: cached.once_known.clone(),
                look_up: Arc::new(look_up),
            }
        });
        Self { source, cached }
    }

    pub(super) fn counters(&self) -> NearCounters {
        self.cached.as_ref().map(|cached| cached.near.counters()).unwrap_or_default()
    }

    /// What is known of a key. Waits for nothing.
    pub(super) fn at_once(&self, hash: &ApiKeyHash) -> AtOnce {
        let Some(cached) = &self.cached else { return AtOnce::Unknown(Lane::Known) };
        match cached.near.get(&CacheKey::of(hash)) {
            Held::Fresh(known) => AtOnce::Decided(known.caller_at(hash, self.source.now())),
            Held::Absent => AtOnce::Decided(Err(Refusal::Unknown)),
            Held::Stale(_) => AtOnce::Unknown(Lane::Known),
            Held::Nothing if cached.once_known.contains_key(hash.as_bytes()) => AtOnce::Unknown(Lane::Known),
            Held::Nothing if cached.look_up.gate.is_full() => AtOnce::Decided(Err(Refusal::TooMany)),
            Held::Nothing => AtOnce::Unknown(Lane::Stranger),
        }
    }

    /// Looks a key up.
    pub(super) async fn look_up(
        &self,
        hash: ApiKeyHash,
        lane: Lane,
        address: Option<IpAddr>,
    ) -> Result<Found, Refusal> {
        let Some(cached) = &self.cached else {
            let record = self.source.find(&hash).await?.ok_or(Refusal::Unknown)?;
            let caller = KnownKey::of(&record).caller_at(&hash, self.source.now())?;
            return Ok(Found { caller, is_cache_in_trouble: false });
        };
        let known = cached.look_up(hash, lane, address).await?.ok_or(Refusal::Unknown)?;
        let caller = known.caller_at(&hash, self.source.now())?;
        Ok(Found { caller, is_cache_in_trouble: known.was_found_in_trouble })
    }
}

impl Cached {
    async fn look_up(
        &self,
        hash: ApiKeyHash,
        lane: Lane,
        address: Option<IpAddr>,
    ) -> Result<Option<Arc<KnownKey>>, Refusal> {
        let key = CacheKey::of(&hash);
        let look_up = Arc::clone(&self.look_up);
        let wanted = Wanted { hash, key, lane, address };
        // A new key takes two questions to the source. The load itself goes on, for those who come later.
        let time_limit = self.look_up.asked.time_limit * 2 + ROUND_TRIPS;
        let loaded = self.near.get_or_load(&key, move || async move { look_up.run(wanted).await });
        let known = timeout(time_limit, loaded).await.unwrap_or(Err(Refusal::TooSlow))?;
        match &known {
            Some(_) => self.once_known.insert(*hash.as_bytes(), ()),
            None => self.once_known.invalidate(hash.as_bytes()),
        }
        Ok(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_held_under_its_hash_in_hex() {
        let hash = ApiKeyHash::from_bytes(std::array::from_fn(|index| index as u8 * 8));
        assert_eq!(&*CacheKey::of(&hash), format!("apikey:sha256:{hash}").as_bytes());
    }
}
