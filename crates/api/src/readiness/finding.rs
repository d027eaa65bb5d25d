//! What a check found.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::readiness::CheckStatus;

/// What the check found.
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

    /// No answer within the cap.
    fn silent(cap: Duration) -> Self {
        Self { status: CheckStatus::Down, reason: Some(format!("no answer within {} ms", cap.as_millis())) }
    }

    /// Whether it stands for a dependency that is not wholly there.
    pub(super) fn is_trouble(&self) -> bool {
        matches!(self.status, CheckStatus::Down | CheckStatus::Degraded)
    }
}

/// Ends a check in time, and says how long it took.
pub(super) async fn timed(cap: Duration, check: impl Future<Output = Finding>) -> (Finding, Duration) {
    let began = Instant::now();
    let finding = timeout(cap, check).await.unwrap_or_else(|_elapsed| Finding::silent(cap));
    (finding, began.elapsed())
}
