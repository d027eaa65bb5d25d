//! What one replica did the other knows within a second.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use testkit::scaled;

use super::pair::{Pair, at};
use crate::support::Process;

const BOUND: Duration = Duration::from_secs(1);

/// How long it takes until the process gives this answer; asked all the time meanwhile.
async fn until(process: &Process, path: &str, key: &str, status: u16) -> Duration {
    let begun = Instant::now();
    while process.get(path, key).await != Some(status) {
        assert!(begun.elapsed() < Duration::from_secs(10), "{path} never was {status}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    begun.elapsed()
}

fn print(what: &str, mut took: Vec<Duration>) {
    took.sort();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
    println!("{what}, {} times: p50 {:.1?}, p99 {:.1?}, max {:.1?}", took.len(), at(0.5), at(0.99), at(1.0));
    assert!(at(1.0) < BOUND, "{what}: {:?}", at(1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_revoked_keys_and_suspended_tenants() {
    let pair = Pair::start(&[]).await;
    pair.service().await;
    let tenant = pair.tenant("Blue Bank").await;
    let path = format!("/v1/tenants/{tenant}/associations/ledger/connections");
    let (mut revoked, mut suspended, mut restored) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..scaled(100).max(10) {
        let new = json!({ "name": format!("key {round}") });
        let (_, key) = at(&pair.one, Method::POST, "/v1/services/ledger/api-keys", new).await;
        let (id, text) = (key["id"].as_str().unwrap(), key["key"].as_str().unwrap());
        until(&pair.other, &path, text, 200).await;
        let (status, _) =
            at(&pair.one, Method::PUT, &format!("/v1/tenants/{tenant}/suspend"), Value::Null).await;
        assert_eq!(status, 200);
        suspended.push(until(&pair.other, &path, text, 403).await);
        at(&pair.one, Method::PUT, &format!("/v1/tenants/{tenant}/reactivate"), Value::Null).await;
        restored.push(until(&pair.other, &path, text, 200).await);
        let path_of_key = format!("/v1/services/ledger/api-keys/{id}");
        let request = pair.one.client.delete(format!("{}{path_of_key}", pair.one.base));
        let response = request.header("X-API-Key", crate::events::setting::KEY).send().await.unwrap();
        assert!(response.status().is_success(), "{response:?}");
        revoked.push(until(&pair.other, &path, text, 401).await);
    }
    print("a key revoked at one replica is refused at the other", revoked);
    print("a tenant suspended at one replica is kept out at the other", suspended);
    print("and let in again", restored);
}
