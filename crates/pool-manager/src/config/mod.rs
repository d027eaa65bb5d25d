//! Configuration from environment variables: one file per section, each with its variables, their defaults and
//! their rules. All is read once, from what `main` hands in, and every fault of every section is reported at once.

mod audit;
mod auth;
mod cache;
mod cors;
mod deployment;
mod edge;
mod events;
mod log;
mod problem;
mod rate_limit;
mod readiness;
mod secrets;
mod secrets_backend;
mod section;
mod server;
mod store;
mod telemetry;
mod tenancy;
mod tokens;
mod values;
mod variable;
mod variables;

use ::cache::Selection;

pub use audit::AuditConfig;
pub use auth::AuthConfig;
pub use deployment::{DeploymentConfig, DeploymentMode};
pub use edge::{EdgeConfig, TlsFiles};
pub use events::EventsConfig;
pub use log::{LogConfig, LogFormat};
pub use problem::{Problem, Problems};
pub use rate_limit::RateLimitConfig;
pub(crate) use rate_limit::USUAL_LIMIT;
pub use readiness::ReadinessConfig;
pub use secrets::SecretsConfig;
pub use secrets_backend::SecretsBackend;
pub use section::{Faults, Inspection, Section};
pub use server::ServerConfig;
pub use store::{MongoConfig, StoreConfig};
pub use telemetry::TelemetryConfig;
pub use tenancy::TenancyConfig;
pub use tokens::{IssuerConfig, TokensConfig};
pub use variable::Variable;
pub use variables::Variables;

/// Everything the service is told from outside.
#[derive(Debug)]
pub struct Config {
    /// Where it listens and how it stops.
    pub server: ServerConfig,
    /// What stands between the network and the requests.
    pub edge: EdgeConfig,
    /// Where it runs, and what it may do without.
    pub deployment: DeploymentConfig,
    /// The API key of the first operator.
    pub auth: AuthConfig,
    /// Whose bearer tokens are believed.
    pub tokens: TokensConfig,
    /// The keys that seal what others can read, and where secrets are kept.
    pub secrets: SecretsConfig,
    /// Where records are kept.
    pub store: StoreConfig,
    /// What is kept of tenants.
    pub tenancy: TenancyConfig,
    /// Which cache to use.
    pub cache: Selection,
    /// Where events go.
    pub events: EventsConfig,
    /// How long the audit log is kept.
    pub audit: AuditConfig,
    /// How often a caller may ask.
    pub rate_limit: RateLimitConfig,
    /// What readiness depends on.
    pub readiness: ReadinessConfig,
    /// Where traces and metrics go.
    pub telemetry: TelemetryConfig,
    /// What is logged.
    pub log: LogConfig,
}

impl Config {
    /// Reads and checks every section; all faults at once.
    pub fn read(environment: &Variables) -> Result<Self, Problems> {
        Self::inspect(environment).sound()
    }

    /// Reads every section, also beside faulty ones.
    pub fn inspect(environment: &Variables) -> Inspection {
        let mut faults = Faults::default();
        let deployment =
            faults.within(Section::Deployment, |problems| DeploymentConfig::read(environment, problems));
        let config = Self {
            server: faults.within(Section::Server, |problems| {
                ServerConfig::read(environment, deployment.mode, problems)
            }),
            edge: faults.within(Section::Edge, |problems| EdgeConfig::read(environment, problems)),
            auth: faults
                .within(Section::Auth, |problems| AuthConfig::read(environment, &deployment, problems)),
            tokens: faults
                .within(Section::Tokens, |problems| TokensConfig::read(environment, &deployment, problems)),
            secrets: faults
                .within(Section::Secrets, |problems| SecretsConfig::read(environment, &deployment, problems)),
            store: faults
                .within(Section::Store, |problems| StoreConfig::read(environment, &deployment, problems)),
            tenancy: faults.within(Section::Tenancy, |problems| TenancyConfig::read(environment, problems)),
            cache: faults.within(Section::Cache, |problems| cache::read(environment, &deployment, problems)),
            events: faults.within(Section::Events, |problems| EventsConfig::read(environment, problems)),
            audit: faults.within(Section::Audit, |problems| AuditConfig::read(environment, problems)),
            rate_limit: faults
                .within(Section::RateLimit, |problems| RateLimitConfig::read(environment, problems)),
            readiness: faults
                .within(Section::Readiness, |problems| ReadinessConfig::read(environment, problems)),
            telemetry: faults.within(Section::Telemetry, |problems| {
                TelemetryConfig::read(environment, &deployment, problems)
            }),
            log: faults.within(Section::Log, |problems| LogConfig::read(environment, problems)),
            deployment,
        };
        for name in environment.not_unicode().filter(|name| Variable::all().any(|known| known.name == *name))
        {
            if let Some(section) = Section::of(name) {
                faults.0.push((section, Problem::NotUnicode { variable: name.to_owned() }));
            }
        }
        // Only beside other faults: a link that nothing reads does no harm.
        if !faults.0.is_empty() {
            for name in environment.service_links(|name| Section::of(name).is_some()) {
                if let Some(section) = Section::of(name) {
                    faults.0.push((section, Problem::ServiceLink { variable: name.to_owned() }));
                }
            }
        }
        Inspection { config, faults }
    }
}

#[cfg(test)]
mod catalogue_tests;
#[cfg(test)]
mod tests;
