//! The sections of the configuration, and what is wrong with each.

use super::{Config, Problem, Problems, Variable};

/// One section: a file of this module and its variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// Where the service listens and how it stops.
    Server,
    /// TLS, proxies and pages of other origins.
    Edge,
    /// Where it runs.
    Deployment,
    /// The first operator's API key.
    Auth,
    /// Whose bearer tokens are believed.
    Tokens,
    /// The keys that seal, and where secrets are kept.
    Secrets,
    /// Where records are kept.
    Store,
    /// What is kept of tenants.
    Tenancy,
    /// The cache.
    Cache,
    /// Where events go.
    Events,
    /// The audit log.
    Audit,
    /// How often a caller may ask.
    RateLimit,
    /// What readiness depends on.
    Readiness,
    /// Traces and metrics.
    Telemetry,
    /// Logs.
    Log,
}

impl Section {
    /// Every section, in the order of the README.
    pub const ALL: [Self; 15] = [
        Self::Server,
        Self::Edge,
        Self::Deployment,
        Self::Auth,
        Self::Tokens,
        Self::Secrets,
        Self::Store,
        Self::Tenancy,
        Self::Cache,
        Self::Events,
        Self::Audit,
        Self::RateLimit,
        Self::Readiness,
        Self::Telemetry,
        Self::Log,
    ];

    /// What documents call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Server => "Listening and stopping",
            Self::Edge => "The edge",
            Self::Deployment => "The deployment",
            Self::Auth => "The first operator",
            Self::Tokens => "Bearer tokens",
            Self::Secrets => "Secrets",
            Self::Store => "Records",
            Self::Tenancy => "Tenants",
            Self::Audit => "The audit log",
            Self::Cache => "The cache",
            Self::Events => "Events",
            Self::RateLimit => "Rate limits",
            Self::Readiness => "Readiness",
            Self::Telemetry => "Telemetry",
            Self::Log => "Logs",
        }
    }

    /// Its variables.
    pub fn variables(self) -> impl Iterator<Item = &'static Variable> {
        let (variables, more): (&[Variable], &[Variable]) = match self {
            Self::Server => (super::server::VARIABLES, &[]),
            Self::Edge => (super::edge::VARIABLES, super::cors::VARIABLES),
            Self::Deployment => (super::deployment::VARIABLES, &[]),
            Self::Auth => (super::auth::VARIABLES, &[]),
            Self::Tokens => (super::tokens::VARIABLES, &[]),
            Self::Secrets => (super::secrets::VARIABLES, super::secrets_backend::VARIABLES),
            Self::Store => (super::store::VARIABLES, &[]),
            Self::Tenancy => (super::tenancy::VARIABLES, &[]),
            Self::Cache => (super::cache::VARIABLES, super::cache::LEGACY_VARIABLES),
            Self::Events => (super::events::VARIABLES, &[]),
            Self::Audit => (super::audit::VARIABLES, &[]),
            Self::RateLimit => (super::rate_limit::VARIABLES, &[]),
            Self::Readiness => (super::readiness::VARIABLES, &[]),
            Self::Telemetry => (super::telemetry::VARIABLES, &[]),
            Self::Log => (super::log::VARIABLES, &[]),
        };
        variables.iter().chain(more)
    }

    /// The section that a variable belongs to. Names that only begin as the cache's do count as the cache's, because
    /// they show that a cache was meant; so do those of the store.
    pub(super) fn of(name: &str) -> Option<Self> {
        let is_cache = name.starts_with("CACHE_") || name.starts_with("REDIS_");
        let known =
            Self::ALL.into_iter().find(|section| section.variables().any(|variable| variable.name == name));
        let is_store = name.starts_with("MONGO_");
        known.or(is_cache.then_some(Self::Cache)).or(is_store.then_some(Self::Store))
    }
}

/// The configuration as far as it could be read, and every fault with its section. What a faulty section holds are
/// defaults: to be looked at, not to be run with.
#[derive(Debug)]
pub struct Inspection {
    /// What was read.
    pub config: Config,
    /// What is wrong.
    pub faults: Faults,
}

impl Inspection {
    /// The same for what makes the first key: that there is none yet is no fault then.
    pub(crate) fn without_first_key(mut self) -> Self {
        self.faults.0.retain(|(_, problem)| !matches!(problem, Problem::FirstStartKey(_)));
        self
    }

    /// The configuration, if nothing is wrong with it.
    pub fn sound(self) -> Result<Config, Problems> {
        if self.faults.0.is_empty() {
            return Ok(self.config);
        }
        Err(Problems(self.faults.0.into_iter().map(|(_, problem)| problem).collect()))
    }
}

/// Every fault with its section.
#[derive(Debug, Default)]
pub struct Faults(pub Vec<(Section, Problem)>);

impl Faults {
    /// Whether nothing is wrong with the section.
    pub fn spare(&self, section: Section) -> bool {
        self.0.iter().all(|(faulty, _)| *faulty != section)
    }

    /// Reads a section, and keeps what is wrong with it.
    pub(super) fn within<T>(&mut self, section: Section, read: impl FnOnce(&mut Vec<Problem>) -> T) -> T {
        let mut problems = Vec::new();
        let value = read(&mut problems);
        self.0.extend(problems.into_iter().map(|problem| (section, problem)));
        value
    }
}
