//! Events as subscribers and readers get them.

use serde::Serialize;
use uuid::Uuid;

use crate::TenantId;
use crate::environment::Environment;
use crate::event::{EventKind, TenantEvent};
use crate::slug::Slug;
use crate::timestamp::Timestamp;

/// An event that has its number. Numbers of an environment are 1, 2, 3 and so on, without a hole that is filled later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleasedEvent {
    /// Its number in its environment.
    pub sequence: u64,
    /// When it got it.
    pub released_at: Timestamp,
    /// The event.
    pub event: TenantEvent,
}

/// The message that subscribers get. Parsers of older clients know its first six fields and skip the last two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventEnvelope<'a> {
    /// Tells repeats of one message from two messages.
    pub event_id: Uuid,
    /// When it happened, RFC 3339 in UTC.
    pub timestamp: String,
    /// In canonical form, without dashes.
    pub tenant_id: &'a TenantId,
    /// The same for people.
    pub tenant_slug: &'a Slug,
    /// Whose channel it goes to.
    pub environment: Environment,
    /// Type and payload.
    #[serde(flatten)]
    pub kind: &'a EventKind,
    /// Its number in its environment: one that is missing between two was missed.
    pub sequence: u64,
    /// The version of the tenant after the change: what has a lower one than what is known is a repeat, or late.
    pub tenant_version: u64,
}

impl ReleasedEvent {
    /// What is published and replayed of it.
    pub fn envelope(&self) -> EventEnvelope<'_> {
        EventEnvelope {
            event_id: self.event.event_id,
            timestamp: self.event.at.to_string(),
            tenant_id: &self.event.tenant_id,
            tenant_slug: &self.event.tenant_slug,
            environment: self.event.environment,
            kind: &self.event.kind,
            sequence: self.sequence,
            tenant_version: self.event.tenant_version,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_is_in_snake_case_and_without_dashes() {
        let kind = EventKind::ServicePurged { service_name: "ledger".parse().unwrap() };
        let event = TenantEvent {
            event_id: Uuid::from_u128(1),
            at: Timestamp::from_millis(1_767_225_600_000),
            tenant_id: "0f8fad5b-d9cb-469f-a165-70867728950e".parse().unwrap(),
            tenant_slug: "acme".parse().unwrap(),
            environment: Environment::Production,
            tenant_version: 3,
            kind,
        };
        let released = ReleasedEvent { sequence: 7, released_at: event.at, event };
        let expected = serde_json::json!({
            "event_id": "00000000-0000-0000-0000-000000000001",
            "event_type": "tenant.service.purged",
            "timestamp": "2026-01-01T00:00:00Z",
            "tenant_id": "0f8fad5bd9cb469fa16570867728950e",
            "tenant_slug": "acme",
            "environment": "production",
            "payload": { "service_name": "ledger" },
            "sequence": 7,
            "tenant_version": 3,
        });
        assert_eq!(serde_json::to_value(released.envelope()).unwrap(), expected);
    }
}
