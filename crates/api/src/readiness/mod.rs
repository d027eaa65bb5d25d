//! Whether this replica should get requests: one evaluator behind every readiness probe.
//!
//! Not ready until cache and record store answered once, so that a bad configuration never rolls out, or until it is known that
//! connections can be answered from what an earlier process confirmed ([`Readiness::has_fail_safe`]). After that an outage of
//! either is `degraded` and still 200: to take every replica out of rotation would turn a slow minute into an outage.
//! With `READINESS_REQUIRES_CACHE=true`, or `READINESS_REQUIRES_STORE=true`, it is 503. While the process drains, nothing is asked
//! and the answer is 503.

mod broker;
mod finding;
mod outbox;
mod redis;
mod report;
mod secrets;
mod store;
mod watched;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use cache::CacheHandle;
use domain::StoreHealth;
use tokio::sync::watch;

pub use broker::{BrokerCheck, BrokerLink};
use finding::Finding;
pub use outbox::{Outbox, OutboxCheck};
pub use report::{
    CheckOutcome, CheckStatus, OverallStatus, ReadinessChecks, ReadinessReport, RedisCheck, StoreCheck,
};
use secrets::SecretsProbe;
use watched::{Outcome, Watched};

/// What readiness depends on, and what its answers tell besides.
#[derive(Debug, Clone)]
pub struct ReadinessSettings {
    /// Version of the service; also the answer of `/version`.
    pub version: String,
    /// `saas`, `byoc` or `local`.
    pub deployment_mode: String,
    /// Whether an outage of the cache makes the replica not ready (`READINESS_REQUIRES_CACHE`).
    pub requires_cache: bool,
    /// Whether an outage of the record store does (`READINESS_REQUIRES_STORE`).
    pub requires_store: bool,
    /// Which record store it is.
    pub store: StoreName,
    /// `embedded`, `single` or `cluster`.
    pub cache_mode: &'static str,
    /// Whether the links to the cache are encrypted.
    pub cache_tls: bool,
}

/// What the check of the record store is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreName {
    /// MongoDB or DocumentDB.
    Mongodb,
    /// The embedded store.
    Sqlite,
}

impl StoreName {
    /// `mongodb` or `sqlite`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mongodb => "mongodb",
            Self::Sqlite => "sqlite",
        }
    }
}

/// The evaluator. All clones are one.
#[derive(Clone)]
pub struct Readiness {
    shared: Arc<Shared>,
}

struct Shared {
    settings: ReadinessSettings,
    cache: CacheHandle,
    store: Arc<dyn StoreHealth>,
    secrets: OnceLock<Arc<SecretsProbe>>,
    broker: OnceLock<Box<dyn Fn() -> BrokerLink + Send + Sync>>,
    outbox: OnceLock<watch::Receiver<Option<Outbox>>>,
    cache_answered: AtomicBool,
    store_answered: AtomicBool,
    has_fail_safe: AtomicBool,
    draining: AtomicBool,
    watched_cache: Watched,
    watched_store: Watched,
    watched_secrets: Watched,
    observer: Box<dyn Fn(CheckOutcome) + Send + Sync>,
}

impl Readiness {
    /// An evaluator that asks this cache and this store.
    pub fn new(settings: ReadinessSettings, cache: CacheHandle, store: Arc<dyn StoreHealth>) -> Self {
        Self::observed(settings, cache, store, |_outcome| ())
    }

    /// The same, telling `observer` what each look came to, also when a dependency was skipped.
    pub fn observed(
        settings: ReadinessSettings,
        cache: CacheHandle,
        store: Arc<dyn StoreHealth>,
        observer: impl Fn(CheckOutcome) + Send + Sync + 'static,
    ) -> Self {
        let shared = Shared {
            settings,
            cache,
            store,
            secrets: OnceLock::new(),
            broker: OnceLock::new(),
            outbox: OnceLock::new(),
            cache_answered: AtomicBool::new(false),
            store_answered: AtomicBool::new(false),
            has_fail_safe: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            watched_cache: Watched::default(),
            watched_store: Watched::default(),
            watched_secrets: Watched::default(),
            observer: Box::new(observer),
        };
        Self { shared: Arc::new(shared) }
    }

    /// From now on it also asks this secrets backend. That one's outage is `degraded`: what was served before is served.
    pub fn also_ask_secrets(&self, health: Arc<dyn StoreHealth>) {
        let _is_first = self.shared.secrets.set(Arc::new(SecretsProbe::new(health)));
    }

    /// From now on it also tells how many events some target has not got yet. That decides nothing: no replica is at fault for it.
    pub fn also_tell_outbox(&self, outbox: watch::Receiver<Option<Outbox>>) {
        let _is_first = self.shared.outbox.set(outbox);
    }

    /// From now on it also tells whether the broker of events answers. That decides nothing either.
    pub fn also_tell_broker(&self, link: impl Fn() -> BrokerLink + Send + Sync + 'static) {
        let _is_first = self.shared.broker.set(Box::new(link));
    }

    /// Connections can be answered from what an earlier process confirmed: the replica is of use though nothing answered yet.
    pub fn has_fail_safe(&self) {
        self.shared.has_fail_safe.store(true, Ordering::Release);
    }

    /// From now on the replica is not ready: it is about to stop.
    pub fn begin_draining(&self) {
        self.shared.draining.store(true, Ordering::Release);
    }

    /// Whether the replica is about to stop.
    pub fn is_draining(&self) -> bool {
        self.shared.draining.load(Ordering::Acquire)
    }

    /// Whether the replica is ready, within 600 ms. What was found is at most 250 ms old, but for trouble that a check which still
    /// runs has not disproved.
    pub async fn report(&self) -> ReadinessReport {
        if self.is_draining() {
            for dependency in ["redis", self.shared.settings.store.name()] {
                self.shared.observe(dependency, CheckStatus::Skipped, Duration::ZERO);
            }
            return ReadinessReport::draining(&self.shared.settings);
        }
        let (redis, store, secrets) =
            tokio::join!(self.look_at_cache(), self.look_at_store(), self.look_at_secrets());
        let overall = self.overall(&redis.finding, &store.finding);
        let report = ReadinessReport::of(&self.shared.settings, overall, redis, store);
        let report = match secrets {
            Some(secrets) => report.with_secrets(secrets),
            None => report,
        };
        let report = match self.shared.broker.get() {
            Some(link) => report.with_broker(link()),
            None => report,
        };
        match self.shared.outbox.get() {
            Some(outbox) => report.with_outbox(*outbox.borrow()),
            None => report,
        }
    }

    /// Version of the service.
    pub(crate) fn version(&self) -> &str {
        &self.shared.settings.version
    }

    async fn look_at_cache(&self) -> Outcome {
        let (cache, shared) = (self.shared.cache.clone(), Arc::clone(&self.shared));
        let then = move |found: &Outcome| shared.observe("redis", found.finding.status, found.took);
        let check = || {
            // Connecting pinged every node, so a cache that is connected answered once. It counts from the check that meets it on.
            if cache.current().is_ok() {
                self.shared.cache_answered.store(true, Ordering::Release);
            }
            async move { redis::check(&cache).await }
        };
        self.shared.watched_cache.look(check, then).await
    }

    async fn look_at_store(&self) -> Outcome {
        let (asked, shared) = (Arc::clone(&self.shared.store), Arc::clone(&self.shared));
        let then = move |found: &Outcome| {
            let status = found.finding.status;
            shared.observe(shared.settings.store.name(), status, found.took);
            if matches!(status, CheckStatus::Up | CheckStatus::Degraded) {
                shared.store_answered.store(true, Ordering::Release);
            }
        };
        self.shared.watched_store.look(|| async move { store::check(asked.as_ref()).await }, then).await
    }

    /// What the secrets backend said, where it is outside.
    async fn look_at_secrets(&self) -> Option<Outcome> {
        let (probe, shared) = (Arc::clone(self.shared.secrets.get()?), Arc::clone(&self.shared));
        let then = move |found: &Outcome| shared.observe("secrets", found.finding.status, found.took);
        Some(self.shared.watched_secrets.look(|| async move { probe.check().await }, then).await)
    }

    fn overall(&self, redis: &Finding, store: &Finding) -> OverallStatus {
        let settings = &self.shared.settings;
        let has_fail_safe = self.shared.has_fail_safe.load(Ordering::Acquire);
        let knows_cache = has_fail_safe || self.shared.cache_answered.load(Ordering::Acquire);
        let knows_store = has_fail_safe || self.shared.store_answered.load(Ordering::Acquire);
        let lacks_cache = settings.requires_cache || !knows_cache;
        let lacks_store = settings.requires_store || !knows_store;
        match (redis.is_trouble(), store.is_trouble()) {
            (false, false) => OverallStatus::Healthy,
            (redis, store) if (redis && lacks_cache) || (store && lacks_store) => OverallStatus::Unhealthy,
            _ => OverallStatus::Degraded,
        }
    }
}

impl Shared {
    fn observe(&self, dependency: &'static str, status: CheckStatus, took: Duration) {
        (self.observer)(CheckOutcome { dependency, status, took });
    }
}

#[cfg(test)]
mod tests;
