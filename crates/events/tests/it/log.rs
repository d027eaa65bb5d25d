//! A store with changes in it.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use domain::{
    AuditAction, AuditEntry, Change, Environment, EventKind, EventLog, Invalidator, ManualClock, Owner,
    StoreUnavailable, Tenant, TenantEvent, TenantId, TenantStatus, TenantStore, TextMap, Timestamp,
};
use events::{Relay, RelayPorts, Target};
use store::SqliteStore;
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) struct Log {
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) clock: Arc<ManualClock>,
    _directory: TempDir,
}

/// Nothing is remembered here.
struct Nothing;

#[async_trait]
impl Invalidator for Nothing {
    async fn invalidate(&self, _event: &TenantEvent) -> Result<(), StoreUnavailable> {
        Ok(())
    }
}

impl Log {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(UNIX_EPOCH + Duration::from_secs(1_767_225_600)));
        let store = Arc::new(SqliteStore::open(&directory.path().join("records"), clock.clone()).unwrap());
        Self { store, clock, _directory: directory }
    }

    pub(crate) fn relay(&self, targets: Vec<Arc<dyn Target>>) -> Relay {
        self.relay_of(self.store.clone(), targets)
    }

    pub(crate) fn relay_of(&self, log: Arc<dyn EventLog>, targets: Vec<Arc<dyn Target>>) -> Relay {
        Relay::new(RelayPorts { log, ..self.ports(targets) })
    }

    pub(crate) fn ports(&self, targets: Vec<Arc<dyn Target>>) -> RelayPorts {
        RelayPorts {
            log: self.store.clone(),
            leases: self.store.clone(),
            invalidator: Arc::new(Nothing),
            targets,
            clock: self.clock.clone(),
            retention: Duration::from_secs(3_600),
        }
    }

    /// A tenant that was made, and so many changes of it: versions 1, 2, 3 and so on.
    pub(crate) async fn write(&self, slug: &str, changes: u64) {
        for version in 1..=changes {
            self.change(slug, version, EventKind::Updated).await;
        }
    }

    pub(crate) async fn change(&self, slug: &str, version: u64, kind: EventKind) {
        let at = Timestamp::ZERO;
        let id: TenantId = slug.parse().unwrap();
        let tenant = Tenant {
            id: id.clone(),
            version,
            slug: slug.parse().unwrap(),
            name: slug.parse().unwrap(),
            environment: Environment::Staging,
            isolation: domain::Isolation::Isolated,
            status: TenantStatus::Active,
            metadata: TextMap::default(),
            owner: Owner {
                email: "ana@example.com".parse().unwrap(),
                email_verified: true,
                password_hash: None,
            },
            created_at: at,
            updated_at: at,
            associations: std::collections::BTreeMap::new(),
            known_services: std::collections::BTreeSet::new(),
            settings: std::collections::BTreeMap::new(),
            credentials: std::collections::BTreeMap::new(),
        };
        let event = TenantEvent {
            event_id: Uuid::new_v4(),
            at,
            tenant_id: id,
            tenant_slug: tenant.slug.clone(),
            environment: tenant.environment,
            tenant_version: version,
            kind,
        };
        let audit = AuditEntry {
            id: Uuid::new_v4(),
            at,
            actor: "tester".to_owned(),
            address: None,
            request_id: None,
            action: AuditAction::Update,
            target: "tests".to_owned(),
            environment: None,
            before: None,
            after: None,
        };
        let change = Change { record: tenant, events: vec![event], audit, ledger: None };
        self.store.commit_tenant(change).await.unwrap();
    }
}
