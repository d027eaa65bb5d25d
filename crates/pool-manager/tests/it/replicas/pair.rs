//! The two processes, and what tests ask of them.

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{ClusterOptions, ValkeyCluster, shared_mongo, shared_rabbitmq, unique_prefix};

use crate::events::setting::{Setting, ask};
use crate::support::Process;

/// Of both, as replicas of one deployment have it.
const SEALING: (&str, &str) = ("SECRETS_ENCRYPTION_KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=");

pub(crate) struct Pair {
    pub(crate) cluster: ValkeyCluster,
    pub(crate) one: Process,
    pub(crate) other: Process,
    _data: [TempDir; 2],
}

impl Pair {
    pub(crate) async fn start(more: &[(&str, &str)]) -> Self {
        let cluster = ValkeyCluster::start(ClusterOptions::default()).await;
        let (nodes, rabbitmq) = (cluster.node_list(), shared_rabbitmq().await);
        let uri = format!("mongodb://{}/", shared_mongo().await);
        let own = [
            ("CACHE_MODE", "cluster"),
            ("CACHE_ADDRS", &*nodes),
            ("MONGO_URI", &*uri),
            ("MONGO_NAME", &*unique_prefix()),
            SEALING,
        ];
        let setting = Setting::new(&[&own[..], more].concat(), &rabbitmq);
        let data = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let one = setting.start(data[0].path()).await;
        let other = setting.start(data[1].path()).await;
        Self { cluster, one, other, _data: data }
    }

    /// A tenant that has the service `ledger`; its id.
    pub(crate) async fn tenant(&self, name: &str) -> String {
        let owner = json!({ "email": "ana@example.com" });
        let new = json!({ "name": name, "environment": "staging", "owner": owner });
        let (status, tenant) = at(&self.one, Method::POST, "/v1/tenants", new).await;
        assert_eq!(status, 201, "{tenant}");
        let id = tenant["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/tenants/{id}/associations/ledger");
        let (status, answer) = at(&self.one, Method::POST, &path, json!({})).await;
        assert_eq!(status, 201, "{answer}");
        id
    }

    pub(crate) async fn service(&self) {
        let (status, answer) = at(&self.one, Method::POST, "/v1/services", json!({ "name": "ledger" })).await;
        assert_eq!(status, 201, "{answer}");
    }
}

/// Asks one of them as the operator.
pub(crate) async fn at(process: &Process, method: Method, path: &str, body: Value) -> (u16, Value) {
    ask(&process.client, method, format!("{}{path}", process.base), body).await.expect("an answer")
}

/// Sends a write with an idempotency key until it is answered otherwise than that the first one runs, or that it cannot be
/// done now.
pub(crate) async fn keyed(process: &Process, key: &str, path: &str, body: &Value) -> (u16, Value) {
    testkit::wait_for("the write to be answered", std::time::Duration::from_secs(60), async || {
        let request = process.client.post(format!("{}{path}", process.base));
        let request = request.header("X-API-Key", crate::events::setting::KEY).header("X-Idempotency", key);
        let response = request.json(body).send().await.map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let body: Value = response.json().await.map_err(|error| error.to_string())?;
        if matches!(status, 409 | 503) { Err(format!("{status} {body}")) } else { Ok((status, body)) }
    })
    .await
}
