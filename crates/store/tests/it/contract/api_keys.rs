//! The keys of services.

use std::time::Duration;

use domain::{ApiKeyHash, CommitError, Environment, RateTier, Scope, Scopes, ServiceKey, Timestamp};

use super::{Backend, change};

fn key(id: &str, service: &str, hash: u8) -> ServiceKey {
    ServiceKey {
        id: id.to_owned(),
        version: 1,
        service: service.parse().unwrap(),
        environment: Environment::Staging,
        name: "pods".parse().unwrap(),
        hash: ApiKeyHash::from_bytes([hash; 32]),
        formers: Vec::new(),
        scopes: Scopes::from_iter([Scope::CACHE_READ]),
        tier: Some(RateTier::Relaxed),
        created_by: "bootstrap".to_owned(),
        created_at: Timestamp::ZERO,
        expires_at: Some(Timestamp::from_millis(i64::from(u32::MAX) * 1_000)),
        revoked_at: None,
    }
}

async fn write(backend: &Backend, key: &ServiceKey) -> Result<(), CommitError> {
    backend.api_keys.commit_service_key(change(key.clone(), None)).await
}

pub(crate) async fn a_key_is_found_by_its_text_and_its_former_one(backend: &Backend) {
    let found = async |hash| backend.api_keys.find(&ApiKeyHash::from_bytes([hash; 32])).await.unwrap();
    let mut key = key("a", "ledger", 1);
    write(backend, &key).await.unwrap();
    assert_eq!(found(1).await, key.record(&ApiKeyHash::from_bytes([1; 32])));
    key.version = 2;
    key.rotate(ApiKeyHash::from_bytes([2; 32]), Duration::from_secs(60), Timestamp::ZERO).unwrap();
    write(backend, &key).await.unwrap();
    for hash in [1, 2] {
        let record = found(hash).await.unwrap();
        assert_eq!(Some(record), key.record(&ApiKeyHash::from_bytes([hash; 32])));
    }
    key.version = 3;
    key.rotate(ApiKeyHash::from_bytes([3; 32]), Duration::from_secs(60), Timestamp::ZERO).unwrap();
    write(backend, &key).await.unwrap();
    assert!(found(1).await.is_some() && found(2).await.is_some() && found(3).await.is_some());
    key.version = 4;
    key.revoke(Timestamp::ZERO).unwrap();
    write(backend, &key).await.unwrap();
    assert!(found(2).await.is_none() && found(3).await.is_none());
    assert_eq!(backend.api_keys.service_key("a").await.unwrap(), Some(key));
}

pub(crate) async fn a_text_belongs_to_one_key(backend: &Backend) {
    write(backend, &key("a", "ledger", 1)).await.unwrap();
    let other = write(backend, &key("b", "tracer", 1)).await;
    assert!(matches!(other, Err(CommitError::Taken)), "{other:?}");
    assert_eq!(backend.api_keys.service_key("b").await.unwrap(), None, "nothing of it was written");
    let again = write(backend, &key("a", "ledger", 2)).await;
    assert!(matches!(again, Err(CommitError::Taken)), "{again:?}");
    let stale = write(backend, &ServiceKey { version: 3, ..key("a", "ledger", 4) }).await;
    assert!(matches!(stale, Err(CommitError::Stale)), "{stale:?}");
    let found = backend.api_keys.find(&ApiKeyHash::from_bytes([1; 32])).await.unwrap();
    assert_eq!(found.unwrap().id.to_string(), "a");
}

pub(crate) async fn keys_are_listed_by_service(backend: &Backend) {
    for (id, service, hash) in
        [("c", "ledger", 1), ("a", "ledger", 2), ("b", "tracer", 3), ("d", "ledger", 4)]
    {
        write(backend, &key(id, service, hash)).await.unwrap();
    }
    let list = async |after: Option<&str>, limit| {
        let keys = backend.api_keys.service_keys(&"ledger".parse().unwrap(), after, limit).await.unwrap();
        keys.into_iter().map(|key| key.id).collect::<Vec<_>>()
    };
    assert_eq!(list(None, 2).await, ["a", "c"]);
    assert_eq!(list(Some("c"), 2).await, ["d"]);
    assert_eq!(list(None, 10).await, ["a", "c", "d"]);
}
