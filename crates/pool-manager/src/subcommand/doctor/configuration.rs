//! What is wrong with the variables themselves.

use super::Row;
use crate::config::{Config, DeploymentConfig, Faults, Section};

/// A row for each fault; without any, one that says what is configured.
pub(super) fn rows(config: &Config, faults: &Faults) -> Vec<Row> {
    if faults.0.is_empty() {
        let DeploymentConfig { mode, environment, version, .. } = &config.deployment;
        let detail = format!("{mode}, {}, version {version}", environment.name());
        return vec![Row::well(subject(Section::Deployment), detail)];
    }
    let row = |(section, problem): &(Section, crate::config::Problem)| {
        let (fault, advice) = problem.fault_and_advice();
        Row::misconfigured(subject(*section), fault, advice)
    };
    faults.0.iter().map(row).collect()
}

/// What the table calls a section.
pub(super) fn subject(section: Section) -> &'static str {
    match section {
        Section::Server | Section::Edge => "listening",
        Section::Deployment | Section::Tenancy | Section::Audit | Section::Readiness | Section::Log => {
            "configuration"
        }
        Section::Store => "record store",
        Section::Auth => "API key",
        Section::Tokens => "bearer tokens",
        Section::Secrets => "secrets",
        Section::RateLimit => "rate limit",
        Section::Cache => "cache",
        Section::Events => "events",
        Section::Telemetry => "telemetry",
    }
}
