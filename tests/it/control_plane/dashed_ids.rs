//! `DASHED_TENANT_IDS`: how ids of tenants are written in answers.

use reqwest::Method;
use serde_json::json;
use testkit::shared_single;

use super::plane::{Plane, new_tenant};
use crate::support::Service;

fn dashed(id: &str) -> String {
    format!("{}-{}-{}-{}-{}", &id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..])
}

async fn plane(variables: &[(&str, &str)]) -> Plane {
    let service = Service::start(variables).await;
    service.wait_until_ready().await;
    Plane { service }
}

#[tokio::test]
async fn every_answer_has_dashes_where_they_are_wished() {
    let plane = plane(&[("DASHED_TENANT_IDS", "true")]).await;
    let id = plane.associated("blue-bank", "ledger").await;
    assert_eq!(id, dashed(&id.replace('-', "")));
    let path = format!("/v1/tenants/{id}");
    let canonical = path.replace(&id, &id.replace('-', ""));
    for path in [&path, &canonical] {
        assert_eq!(plane.get(path).await.body["id"], json!(id));
        let connections = plane.get(&format!("{path}/associations/ledger/connections")).await;
        assert_eq!((connections.status.as_u16(), &connections.body["id"]), (200, &json!(id)));
    }
    assert_eq!(plane.active("ledger").await, [id.as_str()]);
    assert_eq!(plane.get("/v1/tenants").await.body["items"][0]["id"], json!(id));
    let again = plane.post("/v1/tenants", new_tenant("blue-bank", "staging")).await;
    assert_eq!((again.status.as_u16(), &again.body["id"]), (200, &json!(id)));
    for change in [
        plane.patch(&path, json!({ "name": "Green Bank" })).await,
        plane.put(&format!("{path}/suspend"), json!(null)).await,
        plane.put(&format!("{path}/reactivate"), json!(null)).await,
        plane.delete(&path).await,
    ] {
        assert_eq!((change.status.as_u16(), &change.body["id"]), (200, &json!(id)));
    }
}

#[tokio::test]
async fn replicas_that_share_a_cache_keep_to_their_own_spelling() {
    let address = shared_single().await.to_string();
    let records = tempfile::tempdir().unwrap();
    let shared = [
        ("AGGRESSIVE_RATE_LIMIT_MAX", "100000"),
        ("CACHE_MODE", "single"),
        ("CACHE_ADDRS", &address),
        ("DATA_DIR", records.path().to_str().unwrap()),
    ];
    let plain = plane(&shared).await;
    let with_dashes = plane(&[&shared[..], &[("DASHED_TENANT_IDS", "true")]].concat()).await;
    plain.service("ledger").await;
    for (number, (first, second)) in [(&plain, &with_dashes), (&with_dashes, &plain)].into_iter().enumerate()
    {
        let id = first.associated(&format!("bank-{number}"), "ledger").await.replace('-', "");
        let path = format!("/v1/tenants/{id}/associations/ledger/connections");
        let mut tags = Vec::new();
        // The first fills the shared cache, from which the second reads.
        for plane in [first, second] {
            let expected = if std::ptr::eq(plane, &plain) { id.clone() } else { dashed(&id) };
            let response = plane.service.request(Method::GET, &path).send().await.unwrap();
            tags.push(response.headers()["etag"].clone());
            let body: serde_json::Value = response.json().await.unwrap();
            assert_eq!((&body["id"], &body["service"]), (&json!(expected), &json!("ledger")));
            assert!(plane.active("ledger").await.contains(&expected));
        }
        assert_ne!(tags[0], tags[1], "what a client has of one is not what the other gives");
    }
}
