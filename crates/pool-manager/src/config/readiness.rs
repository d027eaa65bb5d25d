//! What readiness depends on.

use serde::Deserialize;

use super::values::flag;
use super::{Problem, Variable, Variables};

pub(super) const VARIABLES: &[Variable] = &[
    Variable::new(
        "READINESS_REQUIRES_CACHE",
        "`false`",
        "Answer 503 on readiness while the cache is down, instead of 200 `degraded`",
    ),
    Variable::new("READINESS_REQUIRES_STORE", "`false`", "The same while the record store is down"),
];

/// What readiness depends on, once every dependency has answered.
#[derive(Debug, Clone, Copy)]
pub struct ReadinessConfig {
    /// Whether a replica without its cache is not ready.
    pub requires_cache: bool,
    /// Whether a replica without its record store is not ready.
    pub requires_store: bool,
}

#[derive(Default, Deserialize)]
pub(super) struct ReadinessVariables {
    requires_cache: Option<String>,
    requires_store: Option<String>,
}

impl ReadinessConfig {
    pub(super) fn read(environment: &Variables, problems: &mut Vec<Problem>) -> Self {
        let variables: ReadinessVariables = environment.section("READINESS_", problems);
        Self {
            requires_cache: flag("READINESS_REQUIRES_CACHE", &variables.requires_cache, problems),
            requires_store: flag("READINESS_REQUIRES_STORE", &variables.requires_store, problems),
        }
    }
}
