//! Configuration from environment variables: one file per section, each with its variables, their defaults and
//! their rules. All is read once, from what `main` hands in, and every fault of every section is reported at once.

mod auth;
mod cache;
mod deployment;
mod environment;
mod log;
mod problem;
mod readiness;
mod server;
mod telemetry;
mod values;
mod variable;

use ::cache::Selection;

pub use auth::AuthConfig;
pub use deployment::{DeploymentConfig, DeploymentMode, EnvironmentName};
pub use environment::Environment;
pub use log::{LogConfig, LogFormat};
pub use problem::{Problem, Problems};
pub use readiness::ReadinessConfig;
pub use server::ServerConfig;
pub use telemetry::TelemetryConfig;
pub use variable::Variable;

/// Everything the service is told from outside.
#[derive(Debug)]
pub struct Config {
    /// Where it listens and how it stops.
    pub server: ServerConfig,
    /// Where it runs, and what it may do without.
    pub deployment: DeploymentConfig,
    /// The API key of the first operator.
    pub auth: AuthConfig,
    /// Which cache to use.
    pub cache: Selection,
    /// What readiness depends on.
    pub readiness: ReadinessConfig,
    /// Where traces and metrics go.
    pub telemetry: TelemetryConfig,
    /// What is logged.
    pub log: LogConfig,
}

impl Config {
    /// Reads and checks every section; all faults at once.
    pub fn read(environment: &Environment) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let deployment = DeploymentConfig::read(environment, &mut problems);
        let config = Self {
            server: ServerConfig::read(environment, deployment.mode, &mut problems),
            auth: AuthConfig::read(environment, &deployment, &mut problems),
            cache: cache::read(environment, &deployment, &mut problems),
            readiness: ReadinessConfig::read(environment, &mut problems),
            telemetry: TelemetryConfig::read(environment, &deployment, &mut problems),
            log: LogConfig::read(environment, &mut problems),
            deployment,
        };
        let known: Vec<&str> = Variable::all().map(|variable| variable.name).collect();
        let not_unicode = environment.not_unicode().filter(|name| known.contains(name));
        problems.extend(not_unicode.map(|name| Problem::NotUnicode { variable: name.to_owned() }));
        if problems.is_empty() {
            return Ok(config);
        }
        // Only beside other faults: a link that nothing reads does no harm.
        let is_ours =
            |name: &str| known.contains(&name) || name.starts_with("CACHE_") || name.starts_with("REDIS_");
        let links = environment.service_links(is_ours);
        problems.extend(links.map(|name| Problem::ServiceLink { variable: name.to_owned() }));
        Err(Problems(problems))
    }
}

#[cfg(test)]
mod catalogue_tests;
#[cfg(test)]
mod tests;
