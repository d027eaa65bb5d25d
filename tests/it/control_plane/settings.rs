//! `/v1/tenants/{id}/settings?service=`.

use serde_json::json;

use super::on_every_store;
use super::plane::{Plane, assert_refused, fields};

on_every_store!(settings_are_replaced_by_version);

async fn settings_are_replaced_by_version(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    let path = format!("/v1/tenants/{id}/settings?service=ledger");
    let (key, _) = plane.key("ledger", json!({ "name": "pods" })).await;
    let none = plane.get_as(&key, &path).await;
    assert_eq!(none.body, json!({ "service": "ledger", "version": 0, "values": {} }));
    let first = plane.put(&path, json!({ "values": { "currency": "BRL" }, "version": 0 })).await;
    assert_eq!(first.body, json!({ "service": "ledger", "version": 1, "values": { "currency": "BRL" } }));
    assert_refused(&plane.put(&path, json!({ "values": {}, "version": 0 })).await, 409);
    assert_eq!(plane.put(&path, json!({ "values": {} })).await.body["version"], 2);
    assert_eq!(plane.get_as(&key, &path).await.body["version"], 2);
    assert_eq!(fields(&plane.put(&path, json!({ "values": { "": "x" } })).await), ["values."]);
    assert_refused(&plane.put(&path, json!({ "values": { "a": 1 } })).await, 400);
    assert_refused(&plane.get(&format!("/v1/tenants/{id}/settings")).await, 400);
    assert_refused(&plane.get(&format!("/v1/tenants/{id}/settings?service=tracer")).await, 404);
    assert_refused(&plane.get_as(&key, &format!("/v1/tenants/{id}/settings?service=tracer")).await, 403);
    assert_refused(&plane.get("/v1/tenants/nobody/settings?service=ledger").await, 404);
}
