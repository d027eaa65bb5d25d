//! Records to store.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::{
    Association, AuditAction, AuditEntry, Change, Environment, EventKind, Fingerprint, IdempotencyKey,
    Isolation, LedgerRow, Owner, Tenant, TenantEvent, TenantStatus, TextMap, Timestamp, WriteKey,
};
use uuid::Uuid;

const NOW: Timestamp = Timestamp::ZERO;

/// A new tenant called by its slug.
pub(crate) fn tenant(slug: &str) -> Tenant {
    Tenant {
        id: Uuid::new_v4().to_string().parse().unwrap(),
        version: 1,
        slug: slug.parse().unwrap(),
        name: slug.replace('-', " ").parse().unwrap(),
        environment: Environment::Staging,
        isolation: Isolation::Isolated,
        status: TenantStatus::Active,
        metadata: TextMap::default(),
        owner: Owner { email: "ana@example.com".parse().unwrap(), email_verified: true, password_hash: None },
        created_at: NOW,
        updated_at: NOW,
        associations: BTreeMap::new(),
        known_services: BTreeSet::new(),
        settings: BTreeMap::new(),
        credentials: BTreeMap::new(),
    }
}

/// A new tenant with active associations.
pub(crate) fn tenant_with(slug: &str, services: &[&str]) -> Tenant {
    let mut tenant = tenant(slug);
    for service in services {
        tenant.associate(&service.parse().unwrap(), Association::new(Isolation::Isolated, None, NOW));
    }
    tenant
}

/// A change to this record, with an event where there is a tenant to tell of.
pub(crate) fn change<R>(record: R, about: Option<&Tenant>) -> Change<R> {
    let event = about.map(|tenant| TenantEvent {
        event_id: Uuid::new_v4(),
        at: NOW,
        tenant_id: tenant.id.clone(),
        tenant_slug: tenant.slug.clone(),
        environment: tenant.environment,
        tenant_version: tenant.version,
        kind: EventKind::Updated,
    });
    let audit = AuditEntry {
        id: Uuid::new_v4(),
        at: NOW,
        actor: "tester".to_owned(),
        address: None,
        request_id: None,
        action: AuditAction::Update,
        target: "tests".to_owned(),
        environment: None,
        before: None,
        after: None,
    };
    Change { record, events: event.into_iter().collect(), audit, ledger: None }
}

/// The row of a write with this key.
pub(crate) fn row(key: &str, ttl: Duration) -> LedgerRow {
    LedgerRow {
        key: WriteKey { caller: "caller".into(), key: IdempotencyKey::parse(key).unwrap() },
        fingerprint: Fingerprint::of_request("POST", "/", "", key.as_bytes()),
        owner: Uuid::new_v4(),
        sealed_answer: Some(vec![0, 1, 255]),
        ttl,
    }
}
