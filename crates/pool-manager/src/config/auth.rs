//! The API key of the first operator.

use domain::ApiKey;
use serde::Deserialize;

use super::{DeploymentConfig, Problem, Variable, Variables};

pub(super) const VARIABLES: &[Variable] = &[Variable::new(
    "BOOTSTRAP_ADMIN_API_KEY",
    "made at first start when local",
    "API key with every scope, 1 to 256 printable characters, no blank at either end (secret)",
)];

/// The API key of the first operator.
#[derive(Debug)]
pub struct AuthConfig {
    /// The key that was given; without one, a key is made at first start.
    pub bootstrap_key: Option<ApiKey>,
}

#[derive(Default, Deserialize)]
pub(super) struct AuthVariables {
    bootstrap_admin_api_key: Option<String>,
}

impl AuthConfig {
    pub(super) fn read(
        environment: &Variables,
        deployment: &DeploymentConfig,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let variables: AuthVariables = environment.section("", problems);
        // A key is taken as it stands: trimming would accept another key than the one set.
        let Some(text) = variables.bootstrap_admin_api_key.filter(|text| !text.is_empty()) else {
            if !deployment.accepts_embedded() {
                problems.push(Problem::FirstStartKey(deployment.mode));
            }
            return Self { bootstrap_key: None };
        };
        let bootstrap_key =
            ApiKey::parse(&text).map_err(|error| problems.push(Problem::BootstrapKey(error))).ok();
        Self { bootstrap_key }
    }
}
