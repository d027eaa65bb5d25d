//! Finds out about a key that is not known here: in the shared cache, then at the source.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use cache::{CacheHandle, Expiry, FoundRecord, LoadLease, Loaded};
use domain::{ApiKeyHash, ApiKeyRecord, ApiKeySource, Clock, RecalledKey, RememberedKeys, SourceUnavailable};
use seal::KeyRing;
use tokio::time::timeout;
use uuid::Uuid;

use super::cache_key::CacheKey;
use super::gate::Gate;
use super::key_record;
use super::known_key::KnownKey;
use super::refusal::Refusal;
use super::room::Room;
use crate::error_chain::error_chain;

/// How long a record lives in the shared cache.
const RECORD_TTL: Duration = Duration::from_secs(300);
/// Longer than the source may take, with the round trips around it.
const LEASE_TTL: Duration = Duration::from_secs(5);
/// For a last look at the shared cache, when the source gives no answer.
const HASTE: Duration = Duration::from_millis(250);

/// What a key may cost to be looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// It was found before.
    Known,
    /// It was not, as far as is remembered.
    Stranger,
}

/// The key that is looked up.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub(super) hash: ApiKeyHash,
    /// What it is held under, here and in the shared cache.
    pub(super) key: CacheKey,
    pub(super) lane: Lane,
    /// Who asks.
    pub(super) address: Option<IpAddr>,
}

impl Wanted {
    pub(super) fn new(hash: ApiKeyHash, lane: Lane, address: Option<IpAddr>) -> Self {
        Self { hash, key: CacheKey::of(&hash), lane, address }
    }
}

/// The source and what stands before it.
#[derive(Clone)]
pub(super) struct LookUp {
    pub(super) source: Source,
    pub(super) cache: CacheHandle,
    pub(super) ring: KeyRing,
    pub(super) gate: Arc<Gate>,
    pub(super) remembered: Option<Arc<dyn RememberedKeys>>,
}

/// The source, with the time it may take.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) port: Arc<dyn ApiKeySource>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) time_limit: Duration,
}

impl Source {
    /// The record of the key.
    pub(super) async fn find(&self, hash: &ApiKeyHash) -> Result<Option<ApiKeyRecord>, Refusal> {
        let found = match timeout(self.time_limit, self.port.find(hash)).await {
            Ok(found) => found.map_err(|error| Refusal::Unavailable(Arc::new(error)))?,
            Err(_) => return Err(Refusal::TooSlow),
        };
        // Also a source that answers with the record of another key must open nothing; this compares in constant time.
        Ok(found.filter(|record| record.hash == *hash))
    }

    pub(super) fn now(&self) -> SystemTime {
        self.clock.now()
    }
}

/// Why nothing is filled into the shared cache.
enum Aside {
    Refused(Refusal),
    /// It was found, and is not to be stored there.
    Known(KnownKey),
}

impl LookUp {
    /// Everything there is to do, for all who wait for this key.
    pub(super) async fn run(&self, wanted: Wanted) -> Result<Loaded<Arc<KnownKey>>, Refusal> {
        let _room = match wanted.lane {
            Lane::Stranger => Some(self.gate.stranger(wanted.address)?),
            Lane::Known => None,
        };
        let loaded = self.loaded(&wanted).await?;
        // Only the source says so; the shared cache holds no absences.
        if loaded.value.is_none() && wanted.lane == Lane::Stranger {
            self.gate.was_unknown(wanted.address, self.source.now());
        }
        Ok(loaded)
    }

    async fn loaded(&self, wanted: &Wanted) -> Result<Loaded<Arc<KnownKey>>, Refusal> {
        match self.cache.find_record(&wanted.key).await {
            FoundRecord::Record { version, value } => match self.opened(wanted, version, &value) {
                Some((known, record)) => {
                    self.confirm(&record);
                    Ok(held(known, true))
                }
                None => self.aside(wanted, false).await,
            },
            FoundRecord::Doubted { version, value } => {
                let opened = self.opened(wanted, version, &value);
                // Nobody but us can seal one: it was found before, and is no stranger.
                let lane = if opened.is_some() { Lane::Known } else { wanted.lane };
                match (self.aside(&Wanted { lane, ..*wanted }, false).await, opened) {
                    // What was good a while ago, where nobody can say whether it still is.
                    (Err(Refusal::Unavailable(_) | Refusal::TooSlow), Some((known, _record))) => {
                        Ok(self.unless_revoked(wanted, known))
                    }
                    (decided, _) => decided,
                }
            }
            // Nobody is made to wait again for what gave others no answer.
            FoundRecord::Unconfirmable { version, value } => match self.opened(wanted, version, &value) {
                Some((known, _record)) => Ok(self.unless_revoked(wanted, known)),
                None => self.aside(wanted, false).await,
            },
            FoundRecord::Unknown(error) => self.aside(wanted, error.is_outage()).await,
            FoundRecord::Outdated => self.aside(wanted, false).await,
            FoundRecord::Missing => self.filled(wanted).await,
        }
    }

    /// Asks the source and leaves the shared cache alone.
    async fn aside(&self, wanted: &Wanted, is_in_trouble: bool) -> Result<Loaded<Arc<KnownKey>>, Refusal> {
        let _room = self.room(wanted).await?;
        let found = self.find(wanted).await?;
        Ok(match found {
            Some(record) => held(KnownKey::of(&record).found_in_trouble(is_in_trouble), false),
            None => absent(false),
        })
    }

    /// Asks the source and fills the shared cache.
    async fn filled(&self, wanted: &Wanted) -> Result<Loaded<Arc<KnownKey>>, Refusal> {
        let _room = self.room(wanted).await?;
        // A stranger leaves nothing in the shared cache, not even a lease: there may be as many as somebody cares to make up.
        // So a new key is asked for twice, the second time under a lease: what was read before it may be old by then, and
        // must not be filled in. By then it is known, and asked for as such.
        let mut known_room = None;
        if wanted.lane == Lane::Stranger {
            if self.find(wanted).await?.is_none() {
                return Ok(absent(true));
            }
            known_room = Some(self.gate.known_at_source().await?);
        }
        let lease = LoadLease {
            token: Bytes::copy_from_slice(Uuid::new_v4().as_bytes()),
            ttl: LEASE_TTL,
            expiry: Expiry::After(RECORD_TTL),
        };
        let load = self.cache.load_record(&wanted.key, lease, self.record_to_fill(wanted)).await;
        drop(known_room);
        let is_in_trouble = load.cache_error.is_some_and(|error| error.is_outage());
        let loaded = match load.loaded {
            Ok(loaded) => loaded,
            Err(Aside::Known(known)) => return Ok(held(known.found_in_trouble(is_in_trouble), false)),
            Err(Aside::Refused(refusal)) => return Err(refusal),
        };
        let (is_watched, may_be_held) = (loaded.is_watched(), loaded.may_be_held());
        let Some((version, value)) = loaded.into_record() else { return Ok(absent(is_watched)) };
        match self.opened(wanted, version, &value) {
            Some((known, _record)) => {
                Ok(Loaded { may_be_held, ..held(known.found_in_trouble(is_in_trouble), is_watched) })
            }
            // Another process filled in what does not open here, so that the source was not asked under the lease.
            None => Ok(match self.find(wanted).await? {
                Some(record) => held(KnownKey::of(&record), false),
                None => absent(false),
            }),
        }
    }

    async fn record_to_fill(&self, wanted: &Wanted) -> Result<Option<(u64, Bytes)>, Aside> {
        let Some(record) = self.find(wanted).await.map_err(Aside::Refused)? else {
            return Ok(None);
        };
        let good_until = self.source.now() + RECORD_TTL;
        let known = KnownKey::of(&record);
        // A record that would outlive its key is not worth storing.
        if !known.lasts_until(good_until) {
            return Err(Aside::Known(known));
        }
        match key_record::sealed(&self.ring, &wanted.key, &record, good_until) {
            Ok(sealed) => Ok(Some((record.version, sealed))),
            Err(error) => {
                tracing::warn!(cause = error_chain(&error), "record of an API key not stored");
                Err(Aside::Known(known))
            }
        }
    }

    /// Asks the source. A key that something is remembered of is not made to wait for a source that gives others no answer.
    async fn find(&self, wanted: &Wanted) -> Result<Option<ApiKeyRecord>, Refusal> {
        let Some(remembered) = &self.remembered else { return self.source.find(&wanted.hash).await };
        if self.cache.is_source_away() && remembered.recall(&wanted.hash) != RecalledKey::Nothing {
            let source = "it gave others no answer".into();
            return Err(Refusal::Unavailable(Arc::new(SourceUnavailable { source })));
        }
        let found = self.source.find(&wanted.hash).await?;
        // A key that is bound to no service may be known without the store.
        if found.as_ref().is_none_or(|record| record.binding.service.is_some()) {
            self.cache.source_answered();
        }
        match &found {
            Some(record) => remembered.confirm(record),
            None => remembered.refuse(&wanted.hash),
        }
        Ok(found)
    }

    fn confirm(&self, record: &ApiKeyRecord) {
        if let Some(remembered) = &self.remembered {
            remembered.confirm(record);
        }
    }

    /// From the shared cache, and nobody can say whether it is so. This process may know better.
    fn unless_revoked(&self, wanted: &Wanted, known: KnownKey) -> Loaded<Arc<KnownKey>> {
        match self.recalled(&wanted.hash) {
            RecalledKey::Revoked => absent(false),
            RecalledKey::Nothing | RecalledKey::Confirmed(_) => held(known, false),
        }
    }

    /// What is remembered of a key.
    pub(super) fn recalled(&self, hash: &ApiKeyHash) -> RecalledKey {
        self.remembered.as_ref().map_or(RecalledKey::Nothing, |remembered| remembered.recall(hash))
    }

    /// Whether the shared cache was told of a newer version of the record than this. It waits a moment only.
    pub(super) async fn is_superseded(&self, wanted: &Wanted, version: u64) -> bool {
        let told = timeout(HASTE, self.cache.told_version(&wanted.key)).await;
        matches!(told, Ok(Some(told)) if told > version)
    }

    async fn room(&self, wanted: &Wanted) -> Result<Room, Refusal> {
        match wanted.lane {
            Lane::Stranger => self.gate.stranger_at_source(wanted.address, self.source.now()),
            Lane::Known => self.gate.known_at_source().await,
        }
    }

    fn opened(&self, wanted: &Wanted, version: u64, value: &[u8]) -> Option<(KnownKey, ApiKeyRecord)> {
        let opened =
            key_record::opened(&self.ring, &wanted.key, &wanted.hash, (version, value), self.source.now())
                .inspect_err(|error| {
                    tracing::debug!(
                        reason = error_chain(error),
                        "record of an API key in the shared cache ignored"
                    );
                });
        let (record, good_until) = opened.ok()?;
        Some((KnownKey::of(&record).good_until(good_until), record))
    }
}

fn held(known: KnownKey, is_watched: bool) -> Loaded<Arc<KnownKey>> {
    Loaded { bytes: known.bytes(), value: Some(Arc::new(known)), is_watched, may_be_held: true }
}

fn absent(is_watched: bool) -> Loaded<Arc<KnownKey>> {
    Loaded { value: None, bytes: 0, is_watched, may_be_held: true }
}
