//! Where the service runs, and what it may do without.

use std::fmt;
use std::path::PathBuf;

use domain::HostRules;
use serde::Deserialize;

use super::values::{filled, flag, unexpected};
use super::{Problem, Variable, Variables};

pub(super) const VARIABLES: &[Variable] = &[
    Variable::new("DEPLOYMENT_MODE", "`local`", "`saas`, `byoc` or `local`"),
    Variable::new(
        "ENVIRONMENT_NAME",
        "`staging` when local",
        "`staging` or `production`; required unless local",
    ),
    Variable::new("ENV_NAME", "none", "Other name of `ENVIRONMENT_NAME`").detail(),
    Variable::new(
        "ALLOW_EMBEDDED",
        "`false`",
        "Allow an embedded cache, embedded records and secrets, and first-start keys outside local mode",
    ),
    Variable::new(
        "DATA_DIR",
        "`./data`",
        "Directory of what is kept on disk: embedded records, first-start keys",
    ),
    Variable::new("VERSION", "the crate's version", "Version that `/version` and telemetry report").detail(),
];

/// Who runs the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeploymentMode {
    /// The vendor, for many customers.
    Saas,
    /// A customer, in a cloud account of its own.
    Byoc,
    /// A developer.
    Local,
}

impl DeploymentMode {
    /// `saas`, `byoc` or `local`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Saas => "saas",
            Self::Byoc => "byoc",
            Self::Local => "local",
        }
    }

    /// Which hosts may be stored and asked: the machine itself only where everything runs on it.
    pub fn hosts(self) -> HostRules {
        if self == Self::Local { HostRules::LOCAL } else { HostRules::DEPLOYED }
    }
}

impl fmt::Display for DeploymentMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Where the service runs, and what it may do without.
#[derive(Debug, Clone)]
pub struct DeploymentConfig {
    /// Who runs it.
    pub mode: DeploymentMode,
    /// The environment of its tenants.
    pub environment: domain::Environment,
    /// Whether it may run without its backends outside local mode.
    pub allow_embedded: bool,
    /// Directory of what is kept on disk.
    pub data_dir: PathBuf,
    /// The version to report.
    pub version: String,
}

#[derive(Default, Deserialize)]
pub(super) struct DeploymentVariables {
    deployment_mode: Option<String>,
    environment_name: Option<String>,
    env_name: Option<String>,
    allow_embedded: Option<String>,
    data_dir: Option<String>,
    version: Option<String>,
}

impl DeploymentConfig {
    pub(super) fn read(environment: &Variables, problems: &mut Vec<Problem>) -> Self {
        let variables: DeploymentVariables = environment.section("", problems);
        let mode = match filled(&variables.deployment_mode) {
            None | Some("local") => DeploymentMode::Local,
            Some("saas") => DeploymentMode::Saas,
            Some("byoc") => DeploymentMode::Byoc,
            Some(_) => {
                problems.push(unexpected(
                    "DEPLOYMENT_MODE",
                    &variables.deployment_mode,
                    "saas, byoc or local",
                ));
                DeploymentMode::Local
            }
        };
        Self {
            mode,
            environment: environment_name(&variables, mode, problems),
            allow_embedded: flag("ALLOW_EMBEDDED", &variables.allow_embedded, problems),
            data_dir: filled(&variables.data_dir).unwrap_or("./data").into(),
            version: filled(&variables.version).unwrap_or(env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// Whether what is embedded is fine here.
    pub fn accepts_embedded(&self) -> bool {
        self.mode == DeploymentMode::Local || self.allow_embedded
    }
}

fn environment_name(
    variables: &DeploymentVariables,
    mode: DeploymentMode,
    problems: &mut Vec<Problem>,
) -> domain::Environment {
    let [first, second] =
        [("ENVIRONMENT_NAME", &variables.environment_name), ("ENV_NAME", &variables.env_name)].map(
            |(variable, value)| match filled(value) {
                None => None,
                Some("staging") => Some(domain::Environment::Staging),
                Some("production") => Some(domain::Environment::Production),
                Some(_) => {
                    problems.push(unexpected(variable, value, "staging or production"));
                    Some(domain::Environment::Staging)
                }
            },
        );
    if first.is_some()
        && second.is_some()
        && filled(&variables.environment_name) != filled(&variables.env_name)
    {
        problems.push(Problem::Contradiction { first: "ENVIRONMENT_NAME", second: "ENV_NAME" });
    }
    first.or(second).unwrap_or_else(|| {
        if mode != DeploymentMode::Local {
            problems.push(Problem::NoEnvironment(mode));
        }
        domain::Environment::Staging
    })
}
