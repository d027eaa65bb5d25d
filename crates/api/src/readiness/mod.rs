//! Whether this replica should get requests: one evaluator behind every readiness probe.
//!
//! Not ready until cache and record store answered once, so that a bad configuration never rolls out, or until it is known that
//! connections can be answered from what an earlier process confirmed ([`Readiness::has_fail_safe`]). After that an outage of
//! either is `degraded` and still 200: to take every replica out of rotation would turn a slow minute into an outage.
//! With `READINESS_REQUIRES_CACHE=true`, or `READINESS_REQUIRES_STORE=true`, it is 503. While the process drains, nothing is asked and the answer is 503.

mod finding;
mod redis;
mod report;
mod store;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cache::CacheHandle;
use domain::StoreHealth;
use tokio::sync::Mutex;
use tokio::time::Instant;

use finding::{Finding, timed};
pub use report::{
    CheckOutcome, CheckStatus, OverallStatus, ReadinessChecks, ReadinessReport, RedisCheck, StoreCheck,
};

/// Probes of one moment share one answer.
const FRESH_FOR: Duration = Duration::from_millis(250);

/// Probes commonly give up after one second.
const WALL_CAP: Duration = Duration::from_millis(900);

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
    store_answered: AtomicBool,
    has_fail_safe: AtomicBool,
    draining: AtomicBool,
    newest: Mutex<Option<(Instant, ReadinessReport)>>,
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
            store_answered: AtomicBool::new(false),
            has_fail_safe: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            newest: Mutex::new(None),
            observer: Box::new(observer),
        };
        Self { shared: Arc::new(shared) }
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

    /// Whether the replica is ready, within 900 ms, at most 250 ms old.
    pub async fn report(&self) -> ReadinessReport {
        if self.is_draining() {
            for dependency in ["redis", self.shared.settings.store.name()] {
                self.observe(dependency, CheckStatus::Skipped, Duration::ZERO);
            }
            return ReadinessReport::draining(&self.shared.settings);
        }
        // Held over the check on purpose: probes that come meanwhile wait for the same answer.
        let mut newest = self.shared.newest.lock().await;
        if let Some((at, report)) = &*newest
            && at.elapsed() < FRESH_FOR
        {
            return report.clone();
        }
        let report = self.evaluate().await;
        *newest = Some((Instant::now(), report.clone()));
        report
    }

    /// Version of the service.
    pub(crate) fn version(&self) -> &str {
        &self.shared.settings.version
    }

    async fn evaluate(&self) -> ReadinessReport {
        let shared = &self.shared;
        let (redis, store) = tokio::join!(
            timed(WALL_CAP, redis::check(&shared.cache)),
            timed(WALL_CAP, store::check(shared.store.as_ref())),
        );
        self.observe("redis", redis.0.status, redis.1);
        self.observe(shared.settings.store.name(), store.0.status, store.1);
        if !store.0.is_trouble() {
            shared.store_answered.store(true, Ordering::Release);
        }
        ReadinessReport::of(&shared.settings, self.overall(&redis.0, &store.0), redis, store)
    }

    fn overall(&self, redis: &Finding, store: &Finding) -> OverallStatus {
        let settings = &self.shared.settings;
        let has_fail_safe = self.shared.has_fail_safe.load(Ordering::Acquire);
        // Connecting pinged every node, so a cache that is connected answered once.
        let knows_cache = has_fail_safe || self.shared.cache.current().is_ok();
        let knows_store = has_fail_safe || self.shared.store_answered.load(Ordering::Acquire);
        let lacks_cache = settings.requires_cache || !knows_cache;
        let lacks_store = settings.requires_store || !knows_store;
        match (redis.is_trouble(), store.is_trouble()) {
            (false, false) => OverallStatus::Healthy,
            (redis, store) if (redis && lacks_cache) || (store && lacks_store) => OverallStatus::Unhealthy,
            _ => OverallStatus::Degraded,
        }
    }

    fn observe(&self, dependency: &'static str, status: CheckStatus, took: Duration) {
        (self.shared.observer)(CheckOutcome { dependency, status, took });
    }
}

#[cfg(test)]
mod tests;
