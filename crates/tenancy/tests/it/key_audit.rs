//! What the audit log shows of keys.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::{
    ApiKeyEntry, ApiKeyHash, ApiKeyRecord, ApiKeySource, ApiKeyStore, AuditAction, AuditEntry, Change,
    CommitError, Environment, Scope, Scopes, ServiceName, SourceUnavailable, StoreUnavailable,
};
use serde_json::json;
use tenancy::{Granting, KeyPath, NewApiKey, Parts};

use crate::desk::Desk;

/// Keys of another store, whose audit rows are noted.
struct Audited {
    keys: Arc<dyn ApiKeyStore>,
    rows: Arc<Mutex<Vec<AuditEntry>>>,
}

#[async_trait]
impl ApiKeySource for Audited {
    async fn find(&self, hash: &ApiKeyHash) -> Result<Option<ApiKeyRecord>, SourceUnavailable> {
        self.keys.find(hash).await
    }
}

#[async_trait]
impl ApiKeyStore for Audited {
    async fn api_key(&self, id: &str) -> Result<Option<ApiKeyEntry>, StoreUnavailable> {
        self.keys.api_key(id).await
    }

    async fn api_keys(
        &self,
        service: Option<&ServiceName>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ApiKeyEntry>, StoreUnavailable> {
        self.keys.api_keys(service, after, limit).await
    }

    async fn commit_api_key(&self, change: Change<ApiKeyEntry>) -> Result<(), CommitError> {
        self.rows.lock().unwrap().push(change.audit.clone());
        self.keys.commit_api_key(change).await
    }
}

#[tokio::test]
async fn the_reason_of_a_revocation_is_in_its_row_and_no_text_or_hash_in_any() {
    let desk = Desk::new();
    let rows = Arc::new(Mutex::new(Vec::new()));
    let noted = rows.clone();
    let keys = desk
        .with_parts(|parts| Parts {
            api_keys: Arc::new(Audited { keys: parts.api_keys.clone(), rows: noted }),
            ..parts
        })
        .api_keys;
    let scopes = Scopes::from_iter(Scope::EVERYTHING);
    let wish = NewApiKey {
        name: Some("ana".parse().unwrap()),
        environment: None,
        usual_environment: Environment::Staging,
        tenant: None,
        expires_at: None,
        tier: None,
        scopes: Scopes::default(),
    };
    let made = keys.create(None, wish.into(), Granting(&scopes), desk.writing()).await.unwrap();
    let path = KeyPath { service: None, id: &made.key.id };
    let reason = Some("leaked in a log".parse().unwrap());
    keys.revoke(path, reason, Granting(&scopes), desk.writing()).await.unwrap();
    let rows = rows.lock().unwrap().clone();
    let target = format!("api-keys/{}", made.key.id);
    assert!(rows.iter().all(|row| row.target == target && row.actor == "ana"), "{rows:?}");
    assert_eq!(
        rows.iter().map(|row| row.action).collect::<Vec<_>>(),
        [AuditAction::Create, AuditAction::Revoke]
    );
    let of_revocation = |name: &str| rows[1].after.as_ref().unwrap()[name].clone();
    assert_eq!(of_revocation("revocationReason"), json!("leaked in a log"));
    assert_eq!(rows[1].before.as_ref().unwrap()["revocationReason"], json!(null));
    let all = serde_json::to_string(&rows).unwrap();
    assert!(!all.contains(made.text.expose()) && !all.contains(&made.key.hash.to_string()), "{all}");
}
