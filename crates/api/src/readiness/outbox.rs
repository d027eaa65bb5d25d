//! How much waits to be published.

use std::time::Duration;

use serde::Serialize;

use crate::readiness::CheckStatus;

/// Longer than what is paced on purpose usually waits.
const LATE: Duration = Duration::from_secs(120);

/// What waited when it was counted last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outbox {
    /// So many events.
    pub depth: u64,
    /// How old the oldest of them was.
    pub age: Duration,
}

/// The outbox as probes tell of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct OutboxCheck {
    /// `degraded` where something waits for more than two minutes.
    pub status: CheckStatus,
    /// How many events wait to be published.
    pub waiting: u64,
    /// How old the oldest is, in seconds.
    pub oldest_seconds: u64,
}

impl From<Outbox> for OutboxCheck {
    fn from(outbox: Outbox) -> Self {
        let status = if outbox.age < LATE { CheckStatus::Up } else { CheckStatus::Degraded };
        Self { status, waiting: outbox.depth, oldest_seconds: outbox.age.as_secs() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_long_is_told() {
        let check = |seconds| OutboxCheck::from(Outbox { depth: 3, age: Duration::from_secs(seconds) });
        assert_eq!((check(60).status, check(60).waiting), (CheckStatus::Up, 3));
        assert_eq!((check(121).status, check(121).oldest_seconds), (CheckStatus::Degraded, 121));
    }
}
