//! The answer of the readiness probes, in the vocabulary that the charts and dashboards of the platform read.

use std::time::Duration;

use serde::Serialize;

use super::broker::{BrokerCheck, BrokerLink};
use super::finding::Finding;
use super::outbox::{Outbox, OutboxCheck};
use super::watched::Outcome;
use crate::readiness::{ReadinessSettings, StoreName};

/// The whole answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadinessReport {
    /// The whole in one word.
    pub status: OverallStatus,
    /// Each dependency.
    pub checks: ReadinessChecks,
    /// Version of the service.
    pub version: String,
    /// `saas`, `byoc` or `local`.
    pub deployment_mode: String,
    /// The process is about to stop.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub draining: bool,
}

/// The whole in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OverallStatus {
    /// Everything answers.
    Healthy,
    /// Something is away that the service can work without for a while.
    Degraded,
    /// Send no requests.
    Unhealthy,
}

/// The checks by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadinessChecks {
    /// The cache.
    pub redis: RedisCheck,
    /// The record store, where it is MongoDB or DocumentDB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mongodb: Option<StoreCheck>,
    /// The record store, where it is embedded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sqlite: Option<StoreCheck>,
    /// The secrets backend, where it is outside of the record store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets: Option<StoreCheck>,
    /// The broker that events go to, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rabbitmq: Option<BrokerCheck>,
    /// What some target of events has not got yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<OutboxCheck>,
}

/// The check of the record store, or of the secrets backend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoreCheck {
    /// What it found.
    pub status: CheckStatus,
    /// How long it took, milliseconds; absent when nothing was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// Why it is not up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The check of the cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RedisCheck {
    /// What it found.
    pub status: CheckStatus,
    /// How long it took, milliseconds; absent when nothing was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// Whether the links are encrypted.
    pub tls: bool,
    /// `embedded`, `single` or `cluster`.
    pub mode: &'static str,
    /// Why it is not up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What one look at one dependency came to, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckOutcome {
    /// Its name on the wire, such as `redis`.
    pub dependency: &'static str,
    /// What was found.
    pub status: CheckStatus,
    /// How long it took; zero when nothing was asked.
    pub took: Duration,
}

/// The closed vocabulary of checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(into = "&'static str")]
pub enum CheckStatus {
    /// It answers.
    Up,
    /// It does not.
    Down,
    /// A part of it does.
    Degraded,
    /// It was not asked.
    Skipped,
    /// There is none in this deployment.
    NotApplicable,
}

impl CheckStatus {
    /// The word for it in answers and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Degraded => "degraded",
            Self::Skipped => "skipped",
            Self::NotApplicable => "n/a",
        }
    }
}

impl From<CheckStatus> for &'static str {
    fn from(status: CheckStatus) -> Self {
        status.name()
    }
}

impl ReadinessReport {
    /// Whether the replica should get requests: 200 if so, 503 otherwise.
    pub fn is_ready(&self) -> bool {
        self.status != OverallStatus::Unhealthy
    }

    /// What was found of each.
    pub(super) fn of(
        settings: &ReadinessSettings,
        status: OverallStatus,
        redis: Outcome,
        store: Outcome,
    ) -> Self {
        let (redis_ms, store_ms) = (latency(&redis), latency(&store));
        let redis = RedisCheck {
            status: redis.finding.status,
            latency_ms: redis_ms,
            tls: settings.cache_tls,
            mode: settings.cache_mode,
            reason: redis.finding.reason,
        };
        let Finding { status: of_store, reason } = store.finding;
        let store = Some(StoreCheck { status: of_store, latency_ms: store_ms, reason });
        let (mongodb, sqlite) = match settings.store {
            StoreName::Mongodb => (store, None),
            StoreName::Sqlite => (None, store),
        };
        Self {
            status,
            checks: ReadinessChecks { redis, mongodb, sqlite, secrets: None, rabbitmq: None, events: None },
            version: settings.version.clone(),
            deployment_mode: settings.deployment_mode.clone(),
            draining: false,
        }
    }

    /// The same with what the secrets backend said: where that is trouble and all else is well, the whole is degraded.
    pub(super) fn with_secrets(mut self, secrets: Outcome) -> Self {
        let latency_ms = latency(&secrets);
        let secrets = secrets.finding;
        if secrets.is_trouble() && self.status == OverallStatus::Healthy {
            self.status = OverallStatus::Degraded;
        }
        self.checks.secrets = Some(StoreCheck { status: secrets.status, latency_ms, reason: secrets.reason });
        self
    }

    /// The same with the broker, which changes nothing else.
    pub(super) fn with_broker(mut self, link: BrokerLink) -> Self {
        self.checks.rabbitmq = Some(link.into());
        self
    }

    /// The same with what waits to be published, which changes nothing else.
    pub(super) fn with_outbox(mut self, outbox: Option<Outbox>) -> Self {
        self.checks.events = Some(outbox.into());
        self
    }

    pub(super) fn draining(settings: &ReadinessSettings) -> Self {
        let skipped = || Outcome { finding: Finding::draining(), took: Duration::ZERO };
        let report = Self::of(settings, OverallStatus::Unhealthy, skipped(), skipped());
        Self { draining: true, ..report }
    }
}

/// In milliseconds; nothing where nothing was asked.
fn latency(outcome: &Outcome) -> Option<u64> {
    let was_asked = outcome.finding.status != CheckStatus::Skipped;
    was_asked.then(|| outcome.took.as_millis().try_into().unwrap_or(u64::MAX))
}
