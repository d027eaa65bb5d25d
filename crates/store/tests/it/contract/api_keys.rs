//! API keys.

use std::time::Duration;

use domain::{
    ApiKeyEntry, ApiKeyHash, ApiKeyUse, CommitError, Environment, KeyBinding, RateTier, Scope, Scopes,
    Timestamp,
};

use super::{Backend, change};

pub(crate) fn key(id: &str, service: &str, hash: u8) -> ApiKeyEntry {
    ApiKeyEntry {
        id: id.to_owned(),
        version: 1,
        binding: KeyBinding {
            service: Some(service.parse().unwrap()),
            environment: Some(Environment::Staging),
            tenant: None,
        },
        name: "pods".parse().unwrap(),
        hash: ApiKeyHash::from_bytes([hash; 32]),
        formers: Vec::new(),
        scopes: Scopes::from_iter([Scope::CACHE_READ]),
        tier: Some(RateTier::Relaxed),
        created_by: "bootstrap".to_owned(),
        created_at: Timestamp::ZERO,
        expires_at: Some(Timestamp::from_millis(i64::from(u32::MAX) * 1_000)),
        revoked_at: None,
        revocation_reason: None,
    }
}

async fn write(backend: &Backend, key: &ApiKeyEntry) -> Result<(), CommitError> {
    backend.api_keys.commit_api_key(change(key.clone(), None)).await
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
    key.revoke(Some("leaked".parse().unwrap()), Timestamp::ZERO).unwrap();
    write(backend, &key).await.unwrap();
    assert!(found(2).await.is_none() && found(3).await.is_none());
    assert_eq!(backend.api_keys.api_key("a").await.unwrap(), Some(key));
}

pub(crate) async fn a_text_belongs_to_one_key(backend: &Backend) {
    write(backend, &key("a", "ledger", 1)).await.unwrap();
    let other = write(backend, &key("b", "tracer", 1)).await;
    assert!(matches!(other, Err(CommitError::Taken)), "{other:?}");
    assert_eq!(backend.api_keys.api_key("b").await.unwrap(), None, "nothing of it was written");
    let again = write(backend, &key("a", "ledger", 2)).await;
    assert!(matches!(again, Err(CommitError::Taken)), "{again:?}");
    let stale = write(backend, &ApiKeyEntry { version: 3, ..key("a", "ledger", 4) }).await;
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
    let service = Some("ledger".parse().unwrap());
    let list = async |after: Option<&str>, limit| {
        let keys = backend.api_keys.api_keys(service.as_ref(), after, limit).await.unwrap();
        keys.into_iter().map(|key| key.id).collect::<Vec<_>>()
    };
    assert_eq!(list(None, 2).await, ["a", "c"]);
    assert_eq!(list(Some("c"), 2).await, ["d"]);
    assert_eq!(list(None, 10).await, ["a", "c", "d"]);
}

pub(crate) async fn keys_of_no_service_are_listed_apart(backend: &Backend) {
    let own = |id: &str, hash| ApiKeyEntry {
        binding: KeyBinding { tenant: Some("acme".parse().unwrap()), ..KeyBinding::default() },
        ..key(id, "ledger", hash)
    };
    for key in [own("b", 1), key("a", "ledger", 2), own("c", 3)] {
        write(backend, &key).await.unwrap();
    }
    let list = async |after: Option<&str>| {
        let keys = backend.api_keys.api_keys(None, after, 10).await.unwrap();
        keys.into_iter().map(|key| key.id).collect::<Vec<_>>()
    };
    assert_eq!(
        (list(None).await, list(Some("b")).await),
        (vec!["b".to_owned(), "c".to_owned()], vec!["c".to_owned()])
    );
    let found = backend.api_keys.find(&ApiKeyHash::from_bytes([3; 32])).await.unwrap().unwrap();
    assert_eq!(found.binding, own("c", 3).binding, "whom it is for comes with it");
}

pub(crate) async fn the_last_use_of_a_key_goes_forward_only(backend: &Backend) {
    let uses = backend.api_key_uses.as_ref();
    let at = |id: &str, millis| ApiKeyUse { id: id.to_owned(), at: Timestamp::from_millis(millis) };
    let found = async |ids: &[&str]| {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        let found = uses.api_key_uses(&ids).await.unwrap();
        found.into_iter().map(|(id, at)| (id, at.millis())).collect::<Vec<_>>()
    };
    assert!(found(&["a", "b"]).await.is_empty() && found(&[]).await.is_empty());
    uses.note_api_key_uses(&[]).await.unwrap();
    uses.note_api_key_uses(&[at("a", 5_000), at("b", 1 << 41)]).await.unwrap();
    uses.note_api_key_uses(&[at("a", 4_000), at("c", 7)]).await.unwrap();
    let known = [("a".to_owned(), 5_000), ("b".to_owned(), 1 << 41)];
    assert_eq!(
        found(&["a", "b", "none"]).await,
        known,
        "a replica that comes later with less changes nothing"
    );
    uses.note_api_key_uses(&[at("a", 6_000)]).await.unwrap();
    assert_eq!(found(&["a", "c"]).await, [("a".to_owned(), 6_000), ("c".to_owned(), 7)]);
}

/// Many replicas bring the uses of one key at once.
pub(crate) async fn of_uses_that_are_noted_at_once_the_last_stays(backend: &Backend) {
    let noting = (0..16).map(|millis| {
        let (uses, id) = (backend.api_key_uses.clone(), "a".to_owned());
        tokio::spawn(async move {
            uses.note_api_key_uses(&[ApiKeyUse { id, at: Timestamp::from_millis(millis) }]).await
        })
    });
    for noted in noting.collect::<Vec<_>>() {
        noted.await.unwrap().unwrap();
    }
    let found = backend.api_key_uses.api_key_uses(&["a".to_owned()]).await.unwrap();
    assert_eq!(found["a"], Timestamp::from_millis(15));
}

pub(crate) async fn a_use_of_a_key_is_no_change_of_it(backend: &Backend) {
    write(backend, &key("a", "ledger", 1)).await.unwrap();
    let before = backend.feed.mark_before(Duration::ZERO).await.unwrap();
    let told = backend.feed.changes_after(&before).await.unwrap().changed.len();
    let used = ApiKeyUse { id: "a".to_owned(), at: Timestamp::from_millis(1) };
    backend.api_key_uses.note_api_key_uses(&[used]).await.unwrap();
    assert_eq!(backend.api_keys.api_key("a").await.unwrap().unwrap().version, 1);
    assert_eq!(backend.feed.changes_after(&before).await.unwrap().changed.len(), told);
}
