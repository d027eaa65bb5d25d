//! Whether this replica should get requests: one evaluator behind every readiness probe.
//!
//! Not ready until the cache answered once, so that a bad configuration never rolls out. After that an outage of the
//! cache is `degraded` and still 200: to take every replica out of rotation would turn a slow minute into an outage.
//! With `READINESS_REQUIRES_CACHE=true` it is 503. While the process drains, nothing is asked and the answer is 503.

mod redis;
mod report;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cache::CacheHandle;
use tokio::sync::Mutex;
use tokio::time::Instant;

pub use report::{CheckOutcome, CheckStatus, OverallStatus, ReadinessChecks, ReadinessReport, RedisCheck};

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
    /// `embedded`, `single` or `cluster`.
    pub cache_mode: &'static str,
    /// Whether the links to the cache are encrypted.
    pub cache_tls: bool,
}

/// The evaluator. All clones are one.
#[derive(Clone)]
pub struct Readiness {
    shared: Arc<Shared>,
}

struct Shared {
    settings: ReadinessSettings,
    cache: CacheHandle,
    draining: AtomicBool,
    newest: Mutex<Option<(Instant, ReadinessReport)>>,
    observer: Box<dyn Fn(CheckOutcome) + Send + Sync>,
}

impl Readiness {
    /// An evaluator that asks this cache.
    pub fn new(settings: ReadinessSettings, cache: CacheHandle) -> Self {
        Self::observed(settings, cache, |_outcome| ())
    }

    /// The same, telling `observer` what each look came to, also when a dependency was skipped.
    pub fn observed(
        settings: ReadinessSettings,
        cache: CacheHandle,
        observer: impl Fn(CheckOutcome) + Send + Sync + 'static,
    ) -> Self {
        let shared = Shared {
            settings,
            cache,
            draining: AtomicBool::new(false),
            newest: Mutex::new(None),
            observer: Box::new(observer),
        };
        Self { shared: Arc::new(shared) }
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
            self.observe(CheckStatus::Skipped, Duration::ZERO);
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
        let settings = &self.shared.settings;
        let began = Instant::now();
        let outcome = tokio::time::timeout(WALL_CAP, redis::check(&self.shared.cache)).await;
        let finding = outcome.unwrap_or_else(|_elapsed| redis::Finding::silent(WALL_CAP));
        let took = began.elapsed();
        self.observe(finding.status, took);
        let overall = match finding.status {
            CheckStatus::Up | CheckStatus::Skipped | CheckStatus::NotApplicable => OverallStatus::Healthy,
            CheckStatus::Down | CheckStatus::Degraded => {
                // Connecting pinged every node, so a cache that is connected answered once.
                let answered_once = self.shared.cache.current().is_ok();
                if settings.requires_cache || !answered_once {
                    OverallStatus::Unhealthy
                } else {
                    OverallStatus::Degraded
                }
            }
        };
        ReadinessReport::of(settings, overall, finding, took)
    }

    fn observe(&self, status: CheckStatus, took: Duration) {
        (self.shared.observer)(CheckOutcome { dependency: "redis", status, took });
    }
}

#[cfg(test)]
mod tests;
