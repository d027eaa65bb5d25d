//! The cache API on a single node and on a cluster: list, inspect, delete.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;

use crate::support::{Service, answer};

const KEYS: usize = 500;

fn pairs(prefix: &str) -> impl Iterator<Item = (String, String)> + use<'_> {
    (0..KEYS).map(move |number| (format!("{prefix}:m2m:{number}"), "a value".to_owned()))
}

async fn lists_inspects_and_deletes(service: &Service, mode: &str, prefix: &str) {
    let stats = service.get("/cache").await;
    assert_eq!((stats.status.as_u16(), stats.body["mode"].as_str()), (200, Some(mode)), "{stats:?}");

    let expected: BTreeSet<String> = pairs(prefix).map(|(key, _)| key).collect();
    let found: BTreeSet<String> = service.list(&format!("{prefix}:*"), 50).await.into_iter().collect();
    assert_eq!(found, expected);

    let one = service.get(&format!("/cache/keys/{prefix}:m2m:7")).await;
    assert_eq!(one.body["exists"], true, "{one:?}");
    assert_eq!(one.body["type"], "string");
    assert!(one.body["value"].is_null(), "values do not show");

    let deleted = service.delete(&format!("/cache/keys/{prefix}:m2m:7")).await;
    assert_eq!((deleted.status.as_u16(), &deleted.body["deleted"]), (200, &json!(1)));
    assert_eq!(service.get(&format!("/cache/keys/{prefix}:m2m:7")).await.body["exists"], false);

    let pattern = json!({"pattern": format!("{prefix}:*")});
    let dry = answer(service.request(Method::POST, "/cache/pattern?dryRun=true").json(&pattern)).await;
    assert_eq!(dry.body["deleted"], 0, "{dry:?}");
    let deleted = answer(service.request(Method::DELETE, "/cache/pattern").json(&pattern)).await;
    assert_eq!((deleted.status.as_u16(), &deleted.body["deleted"]), (200, &json!(KEYS - 1)), "{deleted:?}");
    assert!(service.list(&format!("{prefix}:*"), 200).await.is_empty());
}

#[tokio::test]
async fn single_node_lists_inspects_and_deletes() {
    let server = testkit::ValkeyServer::start().await;
    let prefix = testkit::unique_prefix();
    server.fill(pairs(&prefix)).await;
    let service = Service::with_cache("single", &server.address().to_string()).await;
    lists_inspects_and_deletes(&service, "single", &prefix).await;
}

#[tokio::test]
async fn cluster_lists_inspects_and_deletes() {
    let cluster = testkit::shared_cluster().await;
    let prefix = testkit::unique_prefix();
    cluster.fill(pairs(&prefix)).await;
    // One address is enough.
    let address = cluster.addresses()[0].to_string();
    let service = Service::with_cache("cluster", &address).await;
    lists_inspects_and_deletes(&service, "cluster", &prefix).await;
}

#[tokio::test]
async fn elasticache_lists_inspects_and_deletes() {
    let server = testkit::ElastiCache::start().await;
    let prefix = testkit::unique_prefix();
    server.cluster().fill(pairs(&prefix)).await;
    let variables = [
        ("CACHE_MODE", "cluster"),
        ("CACHE_ADDRS", &server.endpoint()),
        ("CACHE_USERNAME", server.username()),
        ("CACHE_PASSWORD", server.password()),
        ("CACHE_TLS_ENABLED", "true"),
        ("CACHE_CA_CERT_BASE64", &server.authority().base64()),
    ];
    let service = Service::start(&variables).await;
    service.wait_until_ready().await;
    assert_eq!(service.get("/readyz").await.body["checks"]["redis"]["tls"], true);
    lists_inspects_and_deletes(&service, "cluster", &prefix).await;
}

#[tokio::test]
async fn two_replicas_serve_the_pages_of_one_listing() {
    let cluster = testkit::shared_cluster().await;
    let prefix = testkit::unique_prefix();
    cluster.fill(pairs(&prefix)).await;
    let replicas = [
        Service::with_cache("cluster", &cluster.node_list()).await,
        Service::with_cache("cluster", &cluster.node_list()).await,
    ];
    let mut found = BTreeSet::new();
    let mut cursor = "0".to_owned();
    for turn in 0.. {
        let path = format!("/cache/keys?pattern={prefix}:*&limit=50&cursor={cursor}");
        let page = replicas[turn % 2].get(&path).await;
        found
            .extend(page.body["keys"].as_array().unwrap().iter().map(|key| key.as_str().unwrap().to_owned()));
        cursor = page.body["cursor"].as_str().unwrap().to_owned();
        if cursor == "0" {
            break;
        }
    }
    assert_eq!(found.len(), KEYS);
    replicas[0].delete(&format!("/cache/pattern?pattern={prefix}:*")).await;
}
