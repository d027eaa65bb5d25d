//! How many events some target has not got yet.

use std::time::Duration;

use serde::Serialize;

use crate::readiness::CheckStatus;

/// Longer than what is paced on purpose usually waits.
const LATE: Duration = Duration::from_secs(120);

/// What waited when it was counted last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outbox {
    /// So many events.
    pub depth: u64,
    /// How old the oldest of them was.
    pub age: Duration,
}

/// The outbox as probes tell of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct OutboxCheck {
    /// `degraded` where something waits for more than two minutes, and where it cannot be counted.
    pub status: CheckStatus,
    /// How many events some target has not got yet; nothing where they cannot be counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<u64>,
    /// How old the oldest is, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_seconds: Option<u64>,
}

impl From<Option<Outbox>> for OutboxCheck {
    fn from(outbox: Option<Outbox>) -> Self {
        let is_in_time = outbox.is_some_and(|outbox| outbox.age < LATE);
        Self {
            status: if is_in_time { CheckStatus::Up } else { CheckStatus::Degraded },
            waiting: outbox.map(|outbox| outbox.depth),
            oldest_seconds: outbox.map(|outbox| outbox.age.as_secs()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_long_is_told() {
        let check = |seconds| OutboxCheck::from(Some(Outbox { depth: 3, age: Duration::from_secs(seconds) }));
        assert_eq!((check(60).status, check(60).waiting), (CheckStatus::Up, Some(3)));
        assert_eq!((check(121).status, check(121).oldest_seconds), (CheckStatus::Degraded, Some(121)));
        let unknown = OutboxCheck::from(None);
        assert_eq!((unknown.status, unknown.waiting), (CheckStatus::Degraded, None));
    }
}
