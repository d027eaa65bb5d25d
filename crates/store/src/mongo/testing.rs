//! What the tests beside the code share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use domain::{
    AuditAction, AuditEntry, Environment, EventKind, Fingerprint, IdempotencyKey, Isolation, LedgerRow,
    ManualClock, Owner, Tenant, TenantEvent, TenantStatus, TextMap, Timestamp, WriteKey,
};
use mongodb::bson::Document;
use testkit::{shared_mongo, unique_prefix};
use uuid::Uuid;

use super::{MongoSettings, MongoStore};
use crate::journal::Journal;

pub(super) const TTL: Duration = Duration::from_secs(60);

/// A clock that stands so far ahead that the server, which goes by its own, removes nothing that is over here.
pub(super) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(UNIX_EPOCH + Duration::from_secs(4_102_444_800)))
}

/// An empty database of the shared server.
pub(super) async fn empty_store() -> (MongoStore, Arc<ManualClock>) {
    let clock = clock();
    let settings = settings().await;
    (MongoStore::connect(settings, clock.clone()).await.unwrap(), clock)
}

/// What DocumentDB 5 knows of what we send.
const KNOWN: &str = include_str!("../../tests/it/documentdb-5.txt");

/// Fails the test that sends what DocumentDB 5 does not know.
pub(super) fn assert_known(words: &[String]) {
    for word in words {
        let is_known = KNOWN.lines().any(|line| line.trim() == word);
        assert!(is_known, "DocumentDB 5 is not known to take {word}");
    }
}

/// With time enough for a server that many tests share.
pub(super) async fn settings() -> MongoSettings {
    let uri = format!("mongodb://{}/", shared_mongo().await);
    let database = format!("u{}", unique_prefix());
    MongoSettings {
        operation_time: Duration::from_secs(10),
        on_command: Some(Arc::new(assert_known)),
        ..MongoSettings::new(uri, database)
    }
}

pub(super) fn tenant(slug: &str) -> Tenant {
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
        created_at: Timestamp::ZERO,
        updated_at: Timestamp::ZERO,
        associations: BTreeMap::new(),
        known_services: BTreeSet::new(),
        settings: BTreeMap::new(),
        credentials: BTreeMap::new(),
    }
}

pub(super) fn next(tenant: &Tenant) -> Tenant {
    Tenant { version: tenant.version + 1, ..tenant.clone() }
}

/// A try of the write with this key.
pub(super) fn row(key: &str) -> LedgerRow {
    LedgerRow {
        key: WriteKey { caller: "caller".into(), key: IdempotencyKey::parse(key).unwrap() },
        fingerprint: Fingerprint::of_request("POST", "/", "", key.as_bytes()),
        owner: Uuid::new_v4(),
        sealed_answer: Some(vec![0, 1, 255]),
        ttl: TTL,
    }
}

/// Two events, an audit row, and the row of a write.
pub(super) fn journal(tenant: &Tenant, ledger: Option<LedgerRow>) -> Journal {
    let event = |kind| TenantEvent {
        event_id: Uuid::new_v4(),
        at: Timestamp::ZERO,
        tenant_id: tenant.id.clone(),
        tenant_slug: tenant.slug.clone(),
        environment: tenant.environment,
        tenant_version: tenant.version,
        kind,
    };
    let audit = AuditEntry {
        id: Uuid::new_v4(),
        at: Timestamp::ZERO,
        actor: "tester".to_owned(),
        address: None,
        request_id: None,
        action: AuditAction::Update,
        target: "tests".to_owned(),
        environment: None,
        before: Some(serde_json::json!({ "most": u64::MAX, "a.b": { "$c": 1.5 } })),
        after: None,
    };
    Journal { events: vec![event(EventKind::Created), event(EventKind::Activated)], audit, ledger }
}

pub(super) async fn documents(store: &MongoStore, collection: &str) -> Vec<Document> {
    store.all(store.collection(collection).unwrap().find(Document::new())).await.unwrap()
}
