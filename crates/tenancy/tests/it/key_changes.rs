//! How late another process learns that a key was changed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cache::{Cache, CacheHandle};
use domain::{Environment, Scope, Scopes};
use tenancy::{Granting, KeyPath, NewApiKey};

use crate::desk::Desk;

fn wish(name: &str) -> NewApiKey {
    NewApiKey {
        name: Some(name.parse().unwrap()),
        environment: None,
        usual_environment: Environment::Staging,
        tenant: None,
        expires_at: None,
        tier: None,
        scopes: Scopes::default(),
    }
}

#[tokio::test]
async fn what_changes_from_now_on_is_measured_and_nothing_from_before() {
    let desk = Desk::new();
    let scopes = Scopes::from_iter(Scope::EVERYTHING);
    let keys = &desk.use_cases.api_keys;
    let make =
        async |name| keys.create(None, wish(name).into(), Granting(&scopes), desk.writing()).await.unwrap();
    let old = make("old").await;
    desk.clock.advance(Duration::from_secs(300));

    let lags = Arc::new(Mutex::new(Vec::new()));
    let heard = lags.clone();
    let other = desk
        .elsewhere(CacheHandle::connected(Cache::embedded()))
        .measuring_key_changes(move |lag| heard.lock().unwrap().push(lag));
    let keeping = tokio::spawn(async move { other.keep_up().await });
    // Its first look is at once; what it found there is old.
    tokio::time::sleep(Duration::from_millis(250)).await;
    let path = KeyPath { service: None, id: &old.key.id };
    keys.revoke(path, None, Granting(&scopes), desk.writing()).await.unwrap();
    desk.clock.advance(Duration::from_millis(400));
    testkit::wait_for("the change to be heard of", Duration::from_secs(10), async || {
        let lags = lags.lock().unwrap().clone();
        if lags.is_empty() { Err("nothing".to_owned()) } else { Ok(()) }
    })
    .await;
    keeping.abort();
    assert_eq!(*lags.lock().unwrap(), [Duration::from_millis(400)]);
}
