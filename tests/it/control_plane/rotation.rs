//! `…/credentials/rotate`.

use reqwest::Method;
use serde_json::{Value, json};

use super::on_every_store;
use super::plane::{Plane, assert_refused, fields};
use crate::support::answer;

on_every_store!(services_read_what_was_rotated, a_repeat_rotates_nothing, what_makes_no_sense_is_refused);

fn rotation() -> Value {
    json!({ "module": "onboarding", "resource": "postgresql", "username": "bb_2", "password": "rotated-marked" })
}

fn path(id: &str) -> String {
    format!("/v1/tenants/{id}/associations/ledger/credentials/rotate")
}

async fn services_read_what_was_rotated(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    assert_eq!(plane.connections(&id, "ledger").await.status, 200);
    let rotated = plane.put(&path(&id), rotation()).await;
    assert_eq!(rotated.status, 200, "{rotated:?}");
    assert_eq!(rotated.body["secretPath"], format!("tenants/staging/{id}/onboarding/postgres"));
    assert!(rotated.body["formerReadableUntil"].is_string(), "{rotated:?}");
    assert!(!rotated.body.to_string().contains("rotated-marked"));
    let connections = plane.connections(&id, "ledger").await.body;
    let postgresql = &connections["databases"]["onboarding"]["postgresql"];
    assert_eq!(
        (&postgresql["password"], &postgresql["username"]),
        (&json!("rotated-marked"), &json!("bb_2"))
    );
    assert_eq!(postgresql["host"], "pg-1.int", "all else is as it was");
}

async fn a_repeat_rotates_nothing(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    let send = async || {
        let request = plane.service.request(Method::PUT, &path(&id)).header("X-Idempotency", "rotation-1");
        answer(request.json(&rotation())).await
    };
    let (first, second) = (send().await, send().await);
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!((first.status, first.body), (second.status, second.body), "one version, one answer");
}

async fn what_makes_no_sense_is_refused(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    let with = |name: &str, value: Value| {
        let mut body = rotation();
        body[name] = value;
        body
    };
    for (body, field) in [
        (with("overlapSeconds", json!(10)), "overlapSeconds"),
        (with("uri", json!("mongodb://x/")), "uri"),
        (with("resource", json!("mysql")), "resource"),
        (with("module", json!("a/b")), "module"),
        (with("password", json!("")), "postgresql.password"),
    ] {
        assert_eq!(fields(&plane.put(&path(&id), body).await), [field]);
    }
    assert_refused(&plane.put(&path(&id), with("resource", json!("kafka"))).await, 404);
    assert_refused(&plane.put(&path(&id), with("module", json!("reports"))).await, 404);
    let (key, _) = plane.key("ledger", json!({ "name": "pods" })).await;
    let request = plane.service.bare_request(Method::PUT, &path(&id)).header("X-API-Key", &key);
    assert_refused(&answer(request.json(&rotation())).await, 403);
}
