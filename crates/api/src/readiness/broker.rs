//! Whether the broker that events go to answers.

use serde::Serialize;

use crate::readiness::CheckStatus;

/// The link of this replica to the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrokerLink {
    /// It is there.
    Up,
    /// It is there, and the broker takes nothing for now (an alarm of memory or disk).
    Blocked,
    /// There is none.
    Down,
}

/// The broker as probes tell of it. It decides nothing: events wait in the record store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BrokerCheck {
    /// `degraded` while the broker takes nothing.
    pub status: CheckStatus,
    /// Why it is not up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

impl From<BrokerLink> for BrokerCheck {
    fn from(link: BrokerLink) -> Self {
        let (status, reason) = match link {
            BrokerLink::Up => (CheckStatus::Up, None),
            BrokerLink::Blocked => (CheckStatus::Degraded, Some("the broker takes no messages for now")),
            BrokerLink::Down => (CheckStatus::Down, Some("the broker gives no answer")),
        };
        Self { status, reason }
    }
}
