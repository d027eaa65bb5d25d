//! A read after a write never sees the old state.

use serde_json::{Value, json};

use super::on_every_store;
use super::plane::{Plane, assert_kept_out, assert_refused, postgresql};

on_every_store!(a_read_after_a_write_sees_it, what_was_missing_is_found_when_it_is_made);

async fn a_read_after_a_write_sees_it(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    let path = format!("/v1/tenants/{id}/associations/ledger");
    for round in 1..20_u64 {
        let patch = json!({ "maxOpenConns": round });
        assert_eq!(plane.patch(&format!("{path}/connections/onboarding"), patch).await.status, 200);
        let found = plane.connections(&id, "ledger").await;
        let limit = &found.body["databases"]["onboarding"]["connectionSettings"]["maxOpenConns"];
        assert_eq!(*limit, json!(round));
        plane.put(&format!("/v1/tenants/{id}/suspend"), Value::Null).await;
        assert_kept_out(&plane.connections(&id, "ledger").await, "suspended", "ledger");
        assert!(plane.active("ledger").await.is_empty());
        plane.put(&format!("/v1/tenants/{id}/reactivate"), Value::Null).await;
        assert_eq!(plane.active("ledger").await, [id.as_str()]);
    }
}

async fn what_was_missing_is_found_when_it_is_made(plane: Plane) {
    plane.service("ledger").await;
    let id = plane.tenant("blue-bank").await;
    let path = format!("/v1/tenants/{id}/associations/ledger");
    for _ in 0..5 {
        assert_refused(&plane.connections(&id, "ledger").await, 404);
        let body = json!({ "modules": { "onboarding": { "postgresql": postgresql() } } });
        assert_eq!(plane.post(&path, body).await.status, 201);
        assert_eq!(plane.connections(&id, "ledger").await.status, 200);
        assert_eq!(plane.delete(&path).await.status, 200);
    }
}
