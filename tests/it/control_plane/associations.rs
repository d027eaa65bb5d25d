//! `/v1/tenants/{id}/associations`.

use serde_json::{Value, json};

use super::on_every_store;
use super::plane::{PASSWORD, Plane, assert_kept_out, assert_refused, fields, postgresql};

on_every_store!(
    a_tenant_is_associated_once,
    an_association_lives_and_ends,
    what_was_purged_is_provided_anew,
    a_service_is_asked_to_read_anew,
    associations_are_shown_without_secrets,
);

async fn a_tenant_is_associated_once(plane: Plane) {
    plane.service("ledger").await;
    let id = plane.tenant("blue-bank").await;
    let path = format!("/v1/tenants/{id}/associations/ledger");
    // As the public client sends it.
    let body = json!({ "isolationMode": "dedicated", "maxOpenConns": 25, "maxIdleConns": 5 });
    let made = plane.post(&path, body.clone()).await;
    assert_eq!((made.status.as_u16(), &made.body["status"]), (201, &json!("active")), "{made:?}");
    assert_eq!(
        (&made.body["serviceName"], &made.body["isolationMode"]),
        (&json!("ledger"), &json!("isolated"))
    );
    assert_eq!(made.body["connectionSettings"], json!({ "maxOpenConns": 25, "maxIdleConns": 5 }));
    assert_refused(&plane.post(&path, body).await, 409);
    assert_refused(&plane.post("/v1/tenants/nobody/associations/ledger", Value::Null).await, 404);
    assert_refused(&plane.post(&format!("/v1/tenants/{id}/associations/nothing"), Value::Null).await, 404);
    plane.service("tracer").await;
    let wrong = json!({ "isolationMode": "none", "maxOpenConns": 1, "connectionSettings": {} });
    let refused = plane.post(&format!("/v1/tenants/{id}/associations/tracer"), wrong).await;
    assert_eq!(fields(&refused), ["isolationMode", "connectionSettings"]);
    // Without a body, and with an empty mode, it is as the tenant says.
    let bare =
        plane.post(&format!("/v1/tenants/{id}/associations/tracer"), json!({ "isolationMode": "" })).await;
    assert_eq!((bare.status.as_u16(), &bare.body["isolationMode"]), (201, &json!("isolated")));
}

async fn an_association_lives_and_ends(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    let path = format!("/v1/tenants/{id}/associations/ledger");
    let step = async |name: &str| plane.put(&format!("{path}/{name}"), Value::Null).await;
    assert_refused(&step("reactivate").await, 409);
    assert_refused(&step("purge").await, 409);
    assert_eq!(step("suspend").await.body["status"], "suspended");
    assert_refused(&step("suspend").await, 409);
    assert_kept_out(&plane.connections(&id, "ledger").await, "suspended", "ledger");
    assert_eq!(plane.active("ledger").await, [] as [&str; 0]);
    assert_eq!(step("reactivate").await.body["status"], "active");
    assert_eq!(plane.connections(&id, "ledger").await.status, 200);
    assert_eq!(plane.active("ledger").await, [id.as_str()]);
    let gone = plane.delete(&format!("{path}?preserveData=true")).await;
    assert_eq!((gone.status.as_u16(), &gone.body["preserveData"]), (200, &json!(true)));
    assert_refused(&plane.delete(&path).await, 404);
    assert_refused(&plane.connections(&id, "ledger").await, 404);
    assert_eq!(plane.get(&format!("/v1/tenants/{id}/associations")).await.body, json!({ "items": [] }));
    assert_eq!(plane.post(&path, Value::Null).await.status, 201, "it may be associated again");
}

async fn what_was_purged_is_provided_anew(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    let path = format!("/v1/tenants/{id}/associations/ledger");
    let step = async |name: &str| plane.put(&format!("{path}/{name}"), Value::Null).await;
    step("suspend").await;
    let purged = step("purge").await;
    assert_eq!((&purged.body["status"], &purged.body["modules"]), (&json!("purged"), &json!({})));
    assert_kept_out(&plane.connections(&id, "ledger").await, "purged", "ledger");
    assert_refused(&step("purge").await, 409);
    // The tenant's own reactivation leaves it alone.
    assert_refused(&plane.put(&format!("/v1/tenants/{id}/reactivate"), Value::Null).await, 409);
    assert_refused(&step("reactivate").await, 409);
    let module = format!("{path}/modules/onboarding");
    assert_eq!(plane.put(&module, json!({ "postgresql": postgresql() })).await.status, 200);
    assert_eq!(step("reactivate").await.body["status"], "active");
    assert_eq!(plane.connections(&id, "ledger").await.status, 200);
}

async fn a_service_is_asked_to_read_anew(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    let path = format!("/v1/tenants/{id}/associations/ledger/cache/invalidate");
    assert_eq!(plane.post(&path, json!({ "reason": "moved" })).await.status, 200);
    assert_eq!(plane.post(&path, Value::Null).await.status, 200);
    assert_eq!(fields(&plane.post(&path, json!({ "reason": "x".repeat(501) })).await), ["reason"]);
    let other = format!("/v1/tenants/{id}/associations/tracer/cache/invalidate");
    assert_refused(&plane.post(&other, Value::Null).await, 404);
}

async fn associations_are_shown_without_secrets(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    let one = plane.get(&format!("/v1/tenants/{id}/associations/ledger")).await;
    let all = plane.get(&format!("/v1/tenants/{id}/associations")).await;
    assert_eq!(all.body["items"], json!([one.body]));
    assert_eq!(one.body["modules"]["onboarding"]["postgresql"]["host"], "pg-1.int");
    assert!(!all.body.to_string().contains(PASSWORD) && !all.body.to_string().contains("password"));
    assert_refused(&plane.get(&format!("/v1/tenants/{id}/associations/tracer")).await, 404);
    assert_refused(&plane.get("/v1/tenants/nobody/associations").await, 404);
}
