//! Where older clients look.

use reqwest::Method;
use serde_json::json;

use super::on_every_store;
use super::plane::{Plane, assert_refused};
use crate::support::answer;

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
    // The oldest of them sends its key like this.
    let settings = format!("/tenants/{id}/settings?service=ledger");
    let request = plane.service.bare_request(Method::GET, &settings);
    let oldest = answer(request.header("Authorization", format!("Bearer {key}"))).await;
    assert_eq!((oldest.status.as_u16(), &oldest.body), (200, &now.body));
    assert_refused(&plane.get_as(&key, &format!("/tenants/{id}/settings?service=tracer")).await, 403);
    assert_refused(&plane.get_as(&key, &format!("/tenants/{id}/settings")).await, 400);
    let active = plane.get_as(&key, "/tenants/active?service=ledger").await;
    assert_eq!(active.body[0]["id"], json!(id));
}
