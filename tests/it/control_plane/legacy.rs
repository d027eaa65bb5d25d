//! Where older clients look.

use serde_json::json;

use super::on_every_store;
use super::plane::{Plane, assert_refused};

on_every_store!(older_paths_lead_to_the_same);

async fn older_paths_lead_to_the_same(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    let (key, _) = plane.key("ledger", json!({ "name": "pods" })).await;
    let now = plane.connections(&id, "ledger").await;
    for path in [
        format!("/v1/tenants/{id}/services/ledger/connections"),
        format!("/tenants/{id}/associations/ledger/connections"),
        format!("/tenants/{id}/services/ledger/settings"),
        format!("/tenants/{id}/settings?service=ledger"),
    ] {
        let then = plane.get_as(&key, &path).await;
        assert_eq!((then.status.as_u16(), &then.body), (200, &now.body), "{path}");
    }
    assert_refused(&plane.get_as(&key, &format!("/tenants/{id}/settings?service=tracer")).await, 403);
    assert_refused(&plane.get_as(&key, &format!("/tenants/{id}/settings")).await, 400);
    let active = plane.get_as(&key, "/tenants/active?service=ledger").await;
    assert_eq!(active.body[0]["id"], json!(id));
}
