//! The use cases as an operator has them, with a clock that stands still.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use cache::{Cache, CacheHandle};
use domain::{Actor, IdSpelling, KeyBinding, LedgerRow, ManualClock, TenantId};
use seal::{KeyRing, SealingKey};
use secrets::EmbeddedSecrets;
use store::SqliteStore;
use tempfile::TempDir;
use tenancy::{Parts, Random, UseCases, Writing};
use uuid::Uuid;

use crate::recorder::Recorder;

/// How long connections live in the shared cache, before chance takes some of it.
pub(crate) const CONNECTIONS_TTL: Duration = Duration::from_secs(1_000);

/// All different, and where their first byte is taken for chance, right in the middle.
fn next_uuid() -> Uuid {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    Uuid::from_u128(128 << 120 | u128::from(NEXT.fetch_add(1, Ordering::SeqCst)))
}

pub(crate) fn ring() -> KeyRing {
    KeyRing::new(SealingKey::from_bytes([1; 32]), [])
}

pub(crate) struct Desk {
    pub(crate) use_cases: UseCases,
    pub(crate) recorder: Recorder,
    pub(crate) cache: CacheHandle,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) actor: Actor,
    pub(crate) parts: Parts,
    _records: TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let records = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(UNIX_EPOCH + Duration::from_secs(1_000_000)));
        let store = Arc::new(SqliteStore::open(&records.path().join("records"), clock.clone()).unwrap());
        let recorder = Recorder::new(store.clone());
        let parts = Parts {
            tenants: Arc::new(recorder.clone()),
            catalogue: store.clone(),
            api_keys: store.clone(),
            api_key_uses: store.clone(),
            changes: store.clone(),
            events: store.clone(),
            audit: store.clone(),
            secrets: Arc::new(EmbeddedSecrets::new(store.clone(), ring())),
            secret_writes: store.clone(),
            leases: store,
            clock: clock.clone(),
            tenant_ids: IdSpelling::default(),
            credential_ids: IdSpelling::ALL.into_iter().collect(),
            hosts: domain::HostRules::DEPLOYED,
            random: Random {
                uuid: next_uuid,
                fill: |bytes| {
                    bytes.fill(7);
                    Ok(())
                },
            },
        };
        let cache = CacheHandle::connected(Cache::embedded());
        let use_cases = UseCases::new(parts.clone(), cache.clone(), ring(), CONNECTIONS_TTL);
        let actor = Actor {
            caller: "ana".into(),
            binding: KeyBinding::default(),
            address: Some([192, 0, 2, 1].into()),
            request_id: Some("request-1".to_owned()),
        };
        Self { use_cases, recorder, cache, clock, actor, parts, _records: records }
    }

    /// The use cases of another process on the same store.
    pub(crate) fn elsewhere(&self, cache: CacheHandle) -> UseCases {
        UseCases::new(self.parts.clone(), cache, ring(), CONNECTIONS_TTL)
    }

    /// The use cases of a process with other parts.
    pub(crate) fn with_parts(&self, change: impl FnOnce(Parts) -> Parts) -> UseCases {
        let cache = CacheHandle::connected(Cache::embedded());
        UseCases::new(change(self.parts.clone()), cache, ring(), CONNECTIONS_TTL)
    }

    /// A write of the operator's that is not repeated.
    pub(crate) fn writing<T>(&self) -> Writing<'_, T> {
        Writing { actor: &self.actor, remember: &|_outcome| Ok(None::<LedgerRow>) }
    }

    /// What the only change since this was last asked told the services (type and payload) and the audit log.
    pub(crate) fn told(&self, tenant: &TenantId) -> (Vec<(String, serde_json::Value)>, domain::AuditEntry) {
        let mut noted = self.recorder.noted();
        assert_eq!(noted.len(), 1, "one change, one commit");
        let noted = noted.remove(0);
        let events = noted.events.iter().map(|event| {
            assert_eq!(event.tenant_id, *tenant);
            let json = serde_json::to_value(event).unwrap();
            (json["event_type"].as_str().unwrap().to_owned(), json["payload"].clone())
        });
        let events: Vec<_> = events.collect();
        let all = format!("{} {}", serde_json::to_string(&noted.audit).unwrap(), serde_json::json!(events));
        assert!(!all.contains("marked-secret"), "{all}");
        assert_eq!(
            (noted.audit.actor.as_str(), noted.audit.request_id.as_deref()),
            ("ana", Some("request-1"))
        );
        (events, noted.audit)
    }
}
