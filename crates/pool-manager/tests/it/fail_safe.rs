//! The process killed right after it answered a suspension, and started anew while nothing else answers.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Proxy, ValkeyServer, shared_mongo, unique_prefix};

use crate::support::Process;

const KEY: &str = "an operator's key";

struct Operator<'a>(&'a Process);

impl Operator<'_> {
    async fn ask(&self, method: Method, path: &str, body: Value) -> Value {
        let request =
            self.0.client.request(method, format!("{}{path}", self.0.base)).header("X-API-Key", KEY);
        let response = request.json(&body).send().await.unwrap();
        let status = response.status();
        let body: Value = response.json().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {body}");
        body
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_on_the_disk() {
    let (valkey, directory) = (ValkeyServer::start().await, tempfile::tempdir().unwrap());
    let (cache, store) = (Proxy::start(valkey.address()).await, Proxy::start(shared_mongo().await).await);
    let (cache_address, uri) = (cache.address().to_string(), format!("mongodb://{}/", store.address()));
    let variables = [
        ("BOOTSTRAP_ADMIN_API_KEY", KEY),
        ("CACHE_MODE", "single"),
        ("CACHE_ADDRS", &*cache_address),
        ("MONGO_URI", &*uri),
        ("MONGO_NAME", &*unique_prefix()),
    ];
    let mut process = Process::start(directory.path(), &variables).await;
    process.wait_until_ready().await;
    let operator = Operator(&process);
    operator.ask(Method::POST, "/v1/services", json!({ "name": "ledger" })).await;
    let key = operator.ask(Method::POST, "/v1/services/ledger/api-keys", json!({ "name": "pods" })).await;
    let key = key["key"].as_str().unwrap().to_owned();
    let mut paths = Vec::new();
    for name in ["kept", "suspended"] {
        let owner = json!({ "email": "ana@example.com" });
        let body = json!({ "name": name, "slug": name, "environment": "staging", "owner": owner });
        let made = operator.ask(Method::POST, "/v1/tenants", body).await;
        let id = made["id"].as_str().unwrap().to_owned();
        operator.ask(Method::POST, &format!("/v1/tenants/{id}/associations/ledger"), json!({})).await;
        paths.push(format!("/v1/tenants/{id}/associations/ledger/connections"));
        assert_eq!(process.get(paths.last().unwrap(), &key).await, Some(200));
    }
    // What is confirmed is written within a second; what is changed, before it is answered.
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    let suspend = paths[1].replace("/associations/ledger/connections", "/suspend");
    operator.ask(Method::PUT, &suspend, Value::Null).await;
    process.signal("KILL");
    process.wait().await;
    cache.cut().await;
    store.cut().await;

    let next = Process::start(directory.path(), &variables).await;
    next.wait_until_ready().await;
    assert_eq!(next.get(&paths[0], &key).await, Some(200), "{}", next.output());
    assert_eq!(next.get(&paths[1], &key).await, Some(403), "{}", next.output());
}
