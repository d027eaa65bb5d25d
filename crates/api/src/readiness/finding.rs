//! What a check found.

use std::time::Duration;

use crate::readiness::CheckStatus;

/// What the check found.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub(super) status: CheckStatus,
    /// In a category, never the text of a driver.
    pub(super) reason: Option<String>,
}

impl Finding {
    /// While the process drains nothing is asked.
    pub(super) fn draining() -> Self {
        Self { status: CheckStatus::Skipped, reason: Some("draining".to_owned()) }
    }

    /// No answer within this time.
    pub(super) fn silent(limit: Duration) -> Self {
        Self { status: CheckStatus::Down, reason: Some(format!("no answer within {} ms", limit.as_millis())) }
    }

    /// Whether it stands for a dependency that is not wholly there.
    pub(super) fn is_trouble(&self) -> bool {
        matches!(self.status, CheckStatus::Down | CheckStatus::Degraded)
    }
}
