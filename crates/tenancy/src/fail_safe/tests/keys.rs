//! What is remembered of API keys.

use domain::{
    ApiKeyEntry, ApiKeyHash, ApiKeyRecord, KeyBinding, MemoryApiKeys, RecalledKey, RememberedKeys, Scope,
    Scopes,
};

use super::*;

fn hash(byte: u8) -> ApiKeyHash {
    ApiKeyHash::from_bytes([byte; 32])
}

fn key() -> ApiKeyEntry {
    ApiKeyEntry {
        id: "pods".to_owned(),
        version: 1,
        binding: KeyBinding {
            service: Some("ledger".parse().unwrap()),
            environment: Some(Environment::Staging),
            tenant: Some("acme".parse().unwrap()),
        },
        name: "pods".parse().unwrap(),
        hash: hash(1),
        formers: Vec::new(),
        scopes: Scopes::from_iter([Scope::CACHE_READ]),
        tier: Some(domain::RateTier::Service),
        created_by: "ana".to_owned(),
        created_at: Timestamp::ZERO,
        expires_at: Some(Timestamp::from_millis(9_000_000_000)),
        revoked_at: None,
        revocation_reason: None,
    }
}

fn recalled(process: &Process, byte: u8) -> RecalledKey {
    RememberedKeys::recall(&process.fail_safe, &hash(byte))
}

fn confirm(process: &Process, record: &ApiKeyRecord) {
    RememberedKeys::confirm(&process.fail_safe, record);
}

#[tokio::test]
async fn a_key_is_remembered_with_all_that_it_may_do() {
    let process = Process::new();
    let record = key().record(&hash(1)).unwrap();
    assert_eq!(recalled(&process, 1), RecalledKey::Nothing);
    confirm(&process, &record);
    let (next, usable) = process.next().await;
    assert_eq!(usable, 0, "a key alone answers nothing");
    let expected = ApiKeyRecord { name: String::new(), ..record };
    assert_eq!(recalled(&next, 1), RecalledKey::Confirmed(expected));
    next.clock.advance(WINDOW);
    assert_eq!(recalled(&next, 1), RecalledKey::Nothing);
}

#[tokio::test]
async fn a_key_of_no_service_is_not_remembered() {
    let process = Process::new();
    let operator = ApiKeyRecord { binding: KeyBinding::default(), ..key().record(&hash(1)).unwrap() };
    confirm(&process, &operator);
    assert_eq!(recalled(&process, 1), RecalledKey::Nothing);
}

#[tokio::test]
async fn what_this_process_withdrew_is_revoked_with_every_text() {
    let process = Process::new();
    let mut key = key();
    confirm(&process, &key.record(&hash(1)).unwrap());
    key.rotate(hash(2), Duration::from_secs(60), process.fail_safe_now()).unwrap();
    key.version = 2;
    assert!(process.fail_safe.learn_key(&key));
    let until = process.fail_safe_now().after(Duration::from_secs(60));
    let RecalledKey::Confirmed(former) = recalled(&process, 1) else { panic!("it is good yet") };
    assert_eq!(former.expires_at, Some(until.into()));
    key.revoke(None, Timestamp::ZERO).unwrap();
    key.version = 3;
    assert!(process.fail_safe.learn_key(&key));
    // A look-up that began before.
    confirm(&process, &former);
    let (next, _) = process.next().await;
    for process in [&process, &next] {
        assert_eq!([1, 2].map(|byte| recalled(process, byte)), [RecalledKey::Revoked, RecalledKey::Revoked]);
    }
}

#[tokio::test]
async fn what_the_source_does_not_know_is_revoked_and_may_be_made_anew() {
    let process = Process::new();
    let record = key().record(&hash(1)).unwrap();
    RememberedKeys::refuse(&process.fail_safe, &hash(1));
    assert_eq!(recalled(&process, 1), RecalledKey::Nothing, "strangers leave nothing");
    confirm(&process, &record);
    RememberedKeys::refuse(&process.fail_safe, &hash(1));
    assert_eq!(recalled(&process, 1), RecalledKey::Revoked);
    confirm(&process, &record);
    assert!(matches!(recalled(&process, 1), RecalledKey::Confirmed(_)));
}

#[tokio::test]
async fn what_somebody_else_changed_is_looked_up() {
    let process = Process::new();
    let record = key().record(&hash(1)).unwrap();
    let changed = ApiKeyRecord { version: 2, scopes: Scopes::default(), ..record.clone() };
    let follow = async |source: &MemoryApiKeys, version| {
        process.fail_safe.follow_key(&[hash(1), hash(9)], version, source).await.unwrap()
    };
    assert!(!follow(&MemoryApiKeys::new([]), 2).await, "nothing is remembered of it");
    confirm(&process, &record);
    assert!(follow(&MemoryApiKeys::new([changed.clone()]), 2).await);
    let RecalledKey::Confirmed(now) = recalled(&process, 1) else { panic!("it is good") };
    assert_eq!(now.scopes, changed.scopes);
    assert!(follow(&MemoryApiKeys::new([]), 3).await);
    assert!(!follow(&MemoryApiKeys::new([]), 3).await, "it is known");
    assert_eq!((recalled(&process, 1), recalled(&process, 9)), (RecalledKey::Revoked, RecalledKey::Nothing));
}

impl Process {
    fn fail_safe_now(&self) -> Timestamp {
        domain::Clock::now(self.clock.as_ref()).into()
    }
}
