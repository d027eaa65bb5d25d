//! Finds connections that are not in memory: in the shared cache, then where they come from.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cache::{CacheHandle, Expiry, FoundRecord, LoadLease, Loaded, LoadedRecord};
use domain::{ServiceName, StoreUnavailable, TenantId, Timestamp};
use seal::KeyRing;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::connection::Connection;
use super::{ConnectionsError, load, sealed};
use crate::fail_safe::{FailSafe, Outage};
use crate::parts::Parts;
use crate::refusal::Refusal;

/// Longer than a load may take.
const LEASE_TTL: Duration = Duration::from_secs(8);
/// For one load, waiting for its turn included.
const LOAD_TIME: Duration = Duration::from_secs(5);
/// Loads from the store at once: the store's own requests have to get through too.
const MAX_LOADS: usize = 64;

/// The sources and what stands before them.
pub(super) struct LookUp {
    parts: Parts,
    cache: CacheHandle,
    ring: KeyRing,
    ttl: Duration,
    pub(super) fail_safe: FailSafe,
    loads: Semaphore,
}

pub(super) type Answer = Result<Loaded<Arc<Connection>>, ConnectionsError>;

/// What is looked for.
struct Wanted<'a> {
    key: &'a str,
    tenant: &'a TenantId,
    service: &'a ServiceName,
}

/// Why nothing is filled into the shared cache.
enum Aside {
    Refused(Refusal),
    /// It was found, and cannot be stored there.
    Found(Connection),
}

impl LookUp {
    pub(super) fn new(
        parts: Parts,
        cache: CacheHandle,
        ring: KeyRing,
        ttl: Duration,
        fail_safe: FailSafe,
    ) -> Self {
        Self { parts, cache, ring, ttl, fail_safe, loads: Semaphore::new(MAX_LOADS) }
    }

    /// Everything there is to do, for all who wait for this key.
    pub(super) async fn run(&self, key: &str, tenant: &TenantId, service: &ServiceName) -> Answer {
        let wanted = Wanted { key, tenant, service };
        match self.cache.find_record(key.as_bytes()).await {
            FoundRecord::Record { version, value } => match self.opened(&wanted, version, &value) {
                Some((connection, good_until)) if self.is_due(good_until) => {
                    self.renewed(&wanted, connection).await
                }
                Some((connection, _good_until)) => {
                    self.fail_safe.confirm(key, &connection);
                    Ok(self.held(&wanted, connection, true))
                }
                None => self.aside(&wanted).await,
            },
            FoundRecord::Doubted { version, value } => {
                match (self.aside(&wanted).await, self.opened(&wanted, version, &value)) {
                    // What was right a while ago, where nobody can say whether it still is.
                    (Err(ConnectionsError::Refused(refusal)), Some((connection, _good_until)))
                        if matches!(*refusal, Refusal::Store(_) | Refusal::Secrets(_)) =>
                    {
                        self.unless_superseded(&wanted, connection)
                    }
                    (decided, _) => decided,
                }
            }
            // Nobody is made to wait again for what gave others no answer.
            FoundRecord::Unconfirmable { version, value } => match self.opened(&wanted, version, &value) {
                Some((connection, _good_until)) => self.unless_superseded(&wanted, connection),
                None => self.aside(&wanted).await,
            },
            FoundRecord::Missing => self.filled(&wanted).await,
            FoundRecord::Unknown(_) | FoundRecord::Outdated => self.aside(&wanted).await,
        }
    }

    /// Asks the sources and leaves the shared cache alone.
    async fn aside(&self, wanted: &Wanted<'_>) -> Answer {
        Ok(match self.load(wanted).await? {
            Some(connection) => self.held(wanted, connection, false),
            None => absent(false),
        })
    }

    /// Writes anew what stands in the shared cache and is nearly over there, so that nobody has to wait when it ends. While the
    /// sources give no answer it is good for the rest of its time.
    async fn renewed(&self, wanted: &Wanted<'_>, standing: Connection) -> Answer {
        let ttl = self.jittered_ttl(self.parts.uuid().as_bytes());
        match self.record(wanted, ttl).await {
            Ok(Some((version, value))) => {
                let expiry = Expiry::After(ttl);
                self.cache.renew_record(wanted.key.as_bytes(), version, value.clone(), expiry).await;
                let renewed = self.opened(wanted, version, &value);
                Ok(self.held(wanted, renewed.map_or(standing, |(connection, _good_until)| connection), false))
            }
            Ok(None) => Ok(absent(false)),
            Err(Aside::Found(connection)) => Ok(self.held(wanted, connection, false)),
            Err(Aside::Refused(Refusal::Store(_) | Refusal::Secrets(_))) => {
                self.fail_safe.confirm(wanted.key, &standing);
                Ok(self.held(wanted, standing, true))
            }
            Err(Aside::Refused(refusal)) => Err(refusal.into()),
        }
    }

    /// Asks the sources and fills the shared cache.
    async fn filled(&self, wanted: &Wanted<'_>) -> Answer {
        let token = Bytes::copy_from_slice(self.parts.uuid().as_bytes());
        let ttl = self.jittered_ttl(&token);
        let lease = LoadLease { token, ttl: LEASE_TTL, expiry: Expiry::After(ttl) };
        let load = self.cache.load_record(wanted.key.as_bytes(), lease, self.record(wanted, ttl)).await;
        let loaded = match load.loaded {
            Ok(loaded) => loaded,
            Err(Aside::Found(connection)) => return Ok(self.held(wanted, connection, false)),
            Err(Aside::Refused(refusal)) => return Err(refusal.into()),
        };
        let (is_watched, may_be_held) = (loaded.is_watched(), loaded.may_be_held());
        if matches!(loaded, LoadedRecord::Absent) {
            return Ok(absent(is_watched));
        }
        let Some((version, value)) = loaded.into_record() else { return Ok(absent(is_watched)) };
        match self.opened(wanted, version, &value) {
            Some((connection, _good_until)) => {
                Ok(Loaded { may_be_held, ..self.held(wanted, connection, is_watched) })
            }
            // Another process filled in what does not open here.
            None => self.aside(wanted).await,
        }
    }

    async fn record(&self, wanted: &Wanted<'_>, ttl: Duration) -> Result<Option<(u64, Bytes)>, Aside> {
        let Some(connection) = self.load(wanted).await.map_err(Aside::Refused)? else { return Ok(None) };
        match sealed::sealed(&self.ring, wanted.key, &connection, self.now().after(ttl)) {
            Ok(bytes) => Ok(Some((connection.version, bytes))),
            Err(error) => {
                tracing::warn!(%error, "connections not stored in the shared cache");
                Err(Aside::Found(connection))
            }
        }
    }

    /// From the shared cache, and nobody can say whether it is so. This process may know better, and when it was so.
    fn unless_superseded(&self, wanted: &Wanted<'_>, connection: Connection) -> Answer {
        if self.fail_safe.is_as_new(wanted.key, connection.version) {
            return Err(Refusal::Store(StoreUnavailable::new(
                "what the shared cache has cannot be confirmed",
            ))
            .into());
        }
        Ok(self.held(wanted, connection, false))
    }

    async fn load(&self, wanted: &Wanted<'_>) -> Result<Option<Connection>, Refusal> {
        if self.is_hopeless(wanted.key) {
            return Err(Refusal::Store(StoreUnavailable::new("it gave others no answer")));
        }
        let load = async {
            // It is never closed.
            let _room = self.loads.acquire().await;
            load::load(&self.parts, &self.fail_safe, wanted.tenant, wanted.service).await
        };
        // Whoever waited has gone by then; what hangs must not pile up.
        let loaded = timeout(LOAD_TIME, load).await;
        if let Some(outage) = self.fail_safe.outage() {
            match &loaded {
                Ok(Ok(_)) => {
                    outage.ended();
                    self.cache.source_answered();
                }
                Ok(Err(refusal)) if refusal.is_outage() => {
                    outage.was_met(matches!(refusal, Refusal::Store(_)));
                }
                Ok(Err(_)) => {}
                Err(_elapsed) => outage.was_met(false),
            }
        }
        let loaded =
            loaded.unwrap_or_else(|_elapsed| Err(Refusal::Store(StoreUnavailable::new("it took too long"))));
        if let Ok(Some(connection)) = &loaded {
            self.fail_safe.confirm(wanted.key, connection);
        }
        loaded
    }

    /// There is something to answer with, and the sources were asked in vain a moment ago: nobody is made to wait for them again.
    fn is_hopeless(&self, key: &str) -> bool {
        let Some(outage) = self.fail_safe.outage().filter(|_| self.fail_safe.remembers(key)) else {
            return false;
        };
        self.cache.is_source_away() || !outage.may_ask()
    }

    /// Whether it is known that the sources give no answer.
    pub(super) fn is_source_away(&self) -> bool {
        self.cache.is_source_away() || self.fail_safe.outage().is_some_and(Outage::goes_on)
    }

    /// The newest version that the shared cache was told of, if it gives an answer.
    pub(super) async fn told_version(&self, key: &str) -> Option<u64> {
        self.cache.told_version(key.as_bytes()).await
    }

    fn opened(&self, wanted: &Wanted<'_>, version: u64, value: &[u8]) -> Option<(Connection, Timestamp)> {
        sealed::opened(&self.ring, wanted.key, wanted.service, (version, value), self.now())
            .inspect_err(|error| tracing::debug!(%error, "connections in the shared cache ignored"))
            .ok()
    }

    /// Up to a tenth less, by chance: what was filled in together does not end together.
    fn jittered_ttl(&self, token: &[u8]) -> Duration {
        let chance = u32::from(token.first().copied().unwrap_or_default());
        self.ttl - self.ttl / 10 * chance / 256
    }

    /// Whether what is good until then is nearly over: the last tenth, and by chance a little of it, so that not every replica
    /// finds so at once.
    fn is_due(&self, good_until: Timestamp) -> bool {
        let chance = u32::from(self.parts.uuid().as_bytes()[0]);
        good_until <= self.now().after(self.ttl / 10 * chance / 256)
    }

    fn now(&self) -> Timestamp {
        self.parts.now()
    }

    /// With the id as answers have it.
    pub(super) fn spelled(&self, tenant: &TenantId, connection: Arc<Connection>) -> Arc<Connection> {
        Arc::new(Arc::unwrap_or_clone(connection).with_id(tenant, self.parts.tenant_ids))
    }

    fn held(&self, wanted: &Wanted<'_>, connection: Connection, is_watched: bool) -> Loaded<Arc<Connection>> {
        let connection = connection.with_id(wanted.tenant, self.parts.tenant_ids);
        let bytes = connection.bytes();
        Loaded { value: Some(Arc::new(connection)), bytes, is_watched, may_be_held: true }
    }
}

fn absent(is_watched: bool) -> Loaded<Arc<Connection>> {
    Loaded { value: None, bytes: 0, is_watched, may_be_held: true }
}
