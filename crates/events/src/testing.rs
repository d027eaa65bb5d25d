//! Events for tests.

use domain::{Environment, EventKind, ReleasedEvent, TenantEvent, Timestamp};
use uuid::Uuid;

pub(crate) fn event(kind: EventKind) -> TenantEvent {
    event_of("acme", kind)
}

pub(crate) fn event_of(tenant: &str, kind: EventKind) -> TenantEvent {
    TenantEvent {
        event_id: Uuid::new_v4(),
        at: Timestamp::from_millis(5),
        tenant_id: tenant.parse().unwrap(),
        tenant_slug: tenant.parse().unwrap(),
        environment: Environment::Staging,
        tenant_version: 1,
        kind,
    }
}

pub(crate) fn invalidate(service: &str) -> EventKind {
    EventKind::CacheInvalidate { service_name: service.parse().unwrap(), reason: None }
}

pub(crate) fn released(sequence: u64, event: TenantEvent) -> ReleasedEvent {
    ReleasedEvent { sequence, released_at: event.at, event }
}
