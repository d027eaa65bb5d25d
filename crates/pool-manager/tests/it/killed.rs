//! The process killed in the middle of writes: what was acknowledged is there, and what is sent again is done once.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use futures::future::join_all;
use reqwest::Client;
use serde_json::{Value, json};
use testkit::{scaled, shared_mongo, shared_single, unique_prefix};

use crate::support::Process;

const KEY: &str = "an operator's key";
/// Writes that are sent at once in each life of the process.
const WRITES: usize = 24;

/// An answer that came.
#[derive(Debug, Clone, PartialEq)]
struct Acknowledged {
    status: u16,
    body: Value,
}

async fn send(client: &Client, base: &str, path: &str, key: &str, body: Value) -> Option<Acknowledged> {
    let request = client.post(format!("{base}{path}")).header("X-API-Key", KEY).header("X-Idempotency", key);
    let response = request.json(&body).timeout(Duration::from_secs(10)).send().await.ok()?;
    let status = response.status().as_u16();
    Some(Acknowledged { status, body: response.json().await.ok()? })
}

/// The write with this number: API keys, whose every execution makes another one, and tenants.
fn write(number: usize) -> (String, Value) {
    if number.is_multiple_of(2) {
        ("/v1/services/ledger/api-keys".to_owned(), json!({ "name": format!("key {number}") }))
    } else {
        let owner = json!({ "email": "ana@example.com" });
        let body = json!({ "name": format!("bank {number}"), "environment": "staging", "owner": owner });
        ("/v1/tenants".to_owned(), body)
    }
}

async fn what_was_acknowledged_is_there_once(data_dir: &Path, more: &[(&str, &str)]) {
    let own = [
        ("BOOTSTRAP_ADMIN_API_KEY", KEY),
        ("AGGRESSIVE_RATE_LIMIT_MAX", "1000000"),
        ("RATE_LIMIT_MAX", "1000000"),
    ];
    let variables = [&own, more].concat();
    let lives = scaled(60).max(6);
    let mut acknowledged: BTreeMap<usize, Acknowledged> = BTreeMap::new();
    for life in 0..lives {
        let mut process = Process::start(data_dir, &variables).await;
        process.wait_until_ready().await;
        let (client, base) = (process.client.clone(), process.base.clone());
        if life == 0 {
            let service = json!({ "name": "ledger" });
            assert!(send(&client, &base, "/v1/services", "service", service).await.is_some());
        }
        let numbers = life * WRITES..(life + 1) * WRITES;
        let writes = numbers.map(|number| {
            let (client, base) = (client.clone(), base.clone());
            tokio::spawn(async move {
                let (path, body) = write(number);
                let answer = send(&client, &base, &path, &format!("write-{number}"), body).await;
                (number, answer.filter(|answer| answer.status == 201))
            })
        });
        let writes: Vec<_> = writes.collect();
        // Somewhere in the middle of them: before the first is done, after the last, and most often in between.
        tokio::time::sleep(Duration::from_millis(10 + (life as u64 * 113) % 600)).await;
        process.signal("KILL");
        process.wait().await;
        for (number, answer) in join_all(writes).await.into_iter().map(Result::unwrap) {
            acknowledged.extend(answer.map(|answer| (number, answer)));
        }
    }
    let process = Process::start(data_dir, &variables).await;
    process.wait_until_ready().await;
    let mut made = BTreeMap::new();
    for number in 0..lives * WRITES {
        let (path, body) = write(number);
        let key = format!("write-{number}");
        // A claim of the killed process may stand for a while yet.
        let answer = testkit::wait_for("the write to be free", Duration::from_secs(60), async || {
            let answer = send(&process.client, &process.base, &path, &key, body.clone()).await.unwrap();
            if answer.status == 409 { Err(format!("{answer:?}")) } else { Ok(answer) }
        })
        .await;
        assert!(matches!(answer.status, 200 | 201), "{number}: {answer:?}");
        if let Some(first) = acknowledged.get(&number) {
            assert_eq!(answer, *first, "{number}: what was acknowledged is answered again");
        }
        made.insert(number, answer.body["id"].clone());
    }
    let keys = all(&process, "/v1/services/ledger/api-keys?limit=200").await;
    let tenants = all(&process, "/v1/tenants?limit=200").await;
    let half = lives * WRITES / 2;
    assert_eq!((keys.len(), tenants.len()), (half, half), "each write was done once");
    assert!(made.values().all(|id| keys.contains(id) || tenants.contains(id)));
    assert!((1..lives * WRITES).contains(&acknowledged.len()), "the kills came in the middle of the writes");
    println!("{lives} lives, {} of {} writes acknowledged", acknowledged.len(), lives * WRITES);
}

/// The ids of everything in a list.
async fn all(process: &Process, path: &str) -> Vec<Value> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let request = process.client.get(format!("{}{path}&cursor={cursor}", process.base));
        let page: Value = request.header("X-API-Key", KEY).send().await.unwrap().json().await.unwrap();
        ids.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return ids,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_by_the_embedded_store() {
    let directory = tempfile::tempdir().unwrap();
    what_was_acknowledged_is_there_once(directory.path(), &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_beside_valkey() {
    let directory = tempfile::tempdir().unwrap();
    let address = shared_single().await.to_string();
    let cache = [("CACHE_MODE", "single"), ("CACHE_ADDRS", &*address)];
    what_was_acknowledged_is_there_once(directory.path(), &cache).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_by_mongo() {
    let directory = tempfile::tempdir().unwrap();
    let uri = format!("mongodb://{}/", shared_mongo().await);
    let store = [("MONGO_URI", &*uri), ("MONGO_NAME", &*unique_prefix())];
    what_was_acknowledged_is_there_once(directory.path(), &store).await;
}
