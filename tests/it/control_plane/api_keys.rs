//! `/v1/services/{service}/api-keys`, and what such keys may do.

use reqwest::Method;
use serde_json::{Value, json};

use super::on_every_store;
use super::plane::{Plane, assert_refused, fields};
use crate::support::answer;

on_every_store!(
    a_key_reads_what_is_its_services,
    a_key_belongs_to_one_environment,
    a_key_is_told_once_and_revoked,
    a_rotated_key_overlaps,
    nobody_grants_what_he_has_not,
);

async fn a_key_reads_what_is_its_services(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    plane.service("tracer").await;
    plane.post(&format!("/v1/tenants/{id}/associations/tracer"), Value::Null).await;
    let stranger = plane.tenant("stranger").await;
    let (key, _) = plane.key("ledger", json!({ "name": "pods" })).await;
    let connections = |service: &str| format!("/v1/tenants/{id}/associations/{service}/connections");
    assert_eq!(plane.get_as(&key, &connections("ledger")).await.status, 200);
    // Without a status: else the client would let go of a tenant that lives.
    assert_refused(&plane.get_as(&key, &connections("tracer")).await, 403);
    assert_eq!(plane.get_as(&key, "/v1/tenants/active?service=ledger").await.body[0]["id"], json!(id));
    assert_refused(&plane.get_as(&key, "/v1/tenants/active?service=tracer").await, 403);
    assert_refused(&plane.get_as(&key, "/v1/tenants/active").await, 400);
    let tenant = plane.get_as(&key, &format!("/v1/tenants/{id}")).await;
    assert_eq!((tenant.status.as_u16(), tenant.body.get("owner")), (200, None));
    assert_eq!(tenant.body["metadata"]["origin"], "self-serve");
    assert_refused(&plane.get_as(&key, &format!("/v1/tenants/{stranger}")).await, 404);
    for path in [
        "/v1/tenants",
        "/v1/services",
        "/v1/services/ledger/api-keys",
        &format!("/v1/tenants/{id}/associations"),
        "/cache",
    ] {
        assert_refused(&plane.get_as(&key, path).await, 403);
    }
    let write = plane.service.bare_request(Method::PUT, &format!("/v1/tenants/{id}/suspend"));
    assert_refused(&answer(write.header("X-API-Key", &key)).await, 403);
    let (writer, _) =
        plane.key("ledger", json!({ "name": "w", "scopes": ["backoffice:tm:tenants:write"] })).await;
    let write = plane.service.bare_request(Method::PUT, &format!("/v1/tenants/{id}/suspend"));
    assert_eq!(answer(write.header("X-API-Key", &writer)).await.status, 200);
}

async fn a_key_belongs_to_one_environment(plane: Plane) {
    let staging = plane.associated("blue-bank", "ledger").await;
    let production = plane.tenant_in("blue-bank", "production").await;
    plane.post(&format!("/v1/tenants/{production}/associations/ledger"), Value::Null).await;
    let (own, _) = plane.key("ledger", json!({ "name": "own" })).await;
    let (other, _) = plane.key("ledger", json!({ "name": "other", "environment": "production" })).await;
    for (key, seen, hidden) in [(&own, &staging, &production), (&other, &production, &staging)] {
        let path = |id: &str| format!("/v1/tenants/{id}/associations/ledger/connections");
        assert_eq!(plane.get_as(key, &path(seen)).await.status, 200);
        assert_refused(&plane.get_as(key, &path(hidden)).await, 404);
        assert_refused(&plane.get_as(key, &format!("/v1/tenants/{hidden}")).await, 404);
        let active = plane.get_as(key, "/v1/tenants/active?service=ledger").await;
        assert_eq!(active.body.as_array().unwrap().len(), 1);
        assert_eq!(active.body[0]["id"], json!(seen));
    }
    assert_eq!(plane.active("ledger").await.len(), 2, "the operator sees both");
}

async fn a_key_is_told_once_and_revoked(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    let body = json!({ "name": "pods", "tier": "relaxed", "expiresAt": "2099-01-31T08:00:00Z" });
    let (key, key_id) = plane.key("ledger", body).await;
    assert!(key.starts_with(&format!("pm_staging_{key_id}_")), "{key}");
    let list = plane.get("/v1/services/ledger/api-keys").await;
    let item = &list.body["items"][0];
    assert_eq!((&item["id"], &item["tier"]), (&json!(key_id), &json!("relaxed")));
    assert_eq!(
        (&item["environment"], &item["expiresAt"]),
        (&json!("staging"), &json!("2099-01-31T08:00:00Z"))
    );
    assert!(item.get("key").is_none() && !list.body.to_string().contains(&key));
    let path = format!("/v1/tenants/{id}/associations/ledger/connections");
    assert_eq!(plane.get_as(&key, &path).await.status, 200);
    let own = format!("/v1/services/ledger/api-keys/{key_id}");
    assert!(plane.delete(&own).await.body["revokedAt"].is_string());
    assert_refused(&plane.get_as(&key, &path).await, 401);
    assert_refused(&plane.delete(&own).await, 409);
    assert_refused(&plane.delete("/v1/services/tracer/api-keys/x").await, 404);
    assert_refused(&plane.get("/v1/services/tracer/api-keys").await, 404);
    for number in 0..3 {
        plane.key("ledger", json!({ "name": format!("key {number}") })).await;
    }
    let first = plane.get("/v1/services/ledger/api-keys?limit=3").await;
    let cursor = first.body["nextCursor"].as_str().unwrap();
    let second = plane.get(&format!("/v1/services/ledger/api-keys?limit=3&cursor={cursor}")).await;
    assert_eq!(second.body["items"].as_array().unwrap().len(), 1);
    assert!(second.body.get("nextCursor").is_none());
}

async fn a_rotated_key_overlaps(plane: Plane) {
    plane.service("ledger").await;
    let (old, id) = plane.key("ledger", json!({ "name": "pods" })).await;
    let works = async |key: &str| {
        let answer = plane.get_as(key, "/v1/tenants/active?service=ledger").await;
        answer.status.as_u16()
    };
    let path = format!("/v1/services/ledger/api-keys/{id}/rotate");
    let rotated = plane.post(&path, json!({ "overlapSeconds": 3_600 })).await;
    assert_eq!((rotated.status.as_u16(), &rotated.body["id"]), (200, &json!(id)));
    let new = rotated.body["key"].as_str().unwrap();
    assert!(rotated.body["formerKeyUntil"].is_string());
    assert_eq!((works(&old).await, works(new).await), (200, 200));
    let again = plane.post(&path, json!({ "overlapSeconds": 3_600 })).await;
    let third = again.body["key"].as_str().unwrap();
    assert_eq!((works(&old).await, works(new).await, works(third).await), (200, 200, 200), "as promised");
    let at_once = plane.post(&path, Value::Null).await;
    let newest = at_once.body["key"].as_str().unwrap();
    assert_eq!((works(&old).await, works(new).await, works(newest).await), (401, 401, 200));
    assert_eq!(works(third).await, 401);
    assert_eq!(
        fields(&plane.post(&path, json!({ "overlapSeconds": 1_u64 << 40 })).await),
        ["overlapSeconds"]
    );
    plane.delete(&format!("/v1/services/ledger/api-keys/{id}")).await;
    assert_refused(&plane.post(&path, Value::Null).await, 409);
    assert_eq!(works(newest).await, 401);
}

async fn nobody_grants_what_he_has_not(plane: Plane) {
    plane.service("ledger").await;
    let scopes = json!(["backoffice:tm:api-keys:write", "backoffice:tm:tenants:read"]);
    let (limited, _) = plane.key("ledger", json!({ "name": "limited", "scopes": scopes })).await;
    let make = async |body: Value| {
        let request = plane.service.bare_request(Method::POST, "/v1/services/ledger/api-keys");
        answer(request.header("X-API-Key", &limited).json(&body)).await
    };
    assert_eq!(make(json!({ "name": "a", "scopes": ["backoffice:tm:tenants:read"] })).await.status, 201);
    for scope in ["backoffice:tm:tenants:write", "backoffice:tm:*:read", "backoffice:tm:connections:read"] {
        assert_refused(&make(json!({ "name": "a", "scopes": [scope] })).await, 403);
    }
    assert_eq!(fields(&make(json!({ "name": "a", "environment": "production" })).await), ["environment"]);
    // A key reads what is its service's without a scope: handing that out takes the right to read it.
    plane.service("tracer").await;
    let (_, strong) =
        plane.key("ledger", json!({ "name": "strong", "scopes": ["backoffice:tm:tenants:write"] })).await;
    let (_, foreign) = plane.key("tracer", json!({ "name": "foreign" })).await;
    for (method, path) in [
        (Method::POST, "/v1/services/tracer/api-keys".to_owned()),
        (Method::POST, format!("/v1/services/tracer/api-keys/{foreign}/rotate")),
        (Method::DELETE, format!("/v1/services/tracer/api-keys/{foreign}")),
        (Method::POST, format!("/v1/services/ledger/api-keys/{strong}/rotate")),
    ] {
        let body = if path.ends_with("api-keys") { json!({ "name": "x" }) } else { json!({}) };
        let request = plane.service.bare_request(method, &path).header("X-API-Key", &limited).json(&body);
        assert_refused(&answer(request).await, 403);
    }
    let wrong = json!({
        "name": "", "environment": "uat", "expiresAt": "2001-01-01T00:00:00Z", "tier": "fast", "scopes": ["*"],
    });
    assert_eq!(fields(&make(wrong).await), ["name", "environment", "tier", "scopes.0", "expiresAt"]);
    let expired = json!({ "name": "a", "expiresAt": "2001-01-01T00:00:00Z" });
    assert_eq!(fields(&make(expired).await), ["expiresAt"]);
}
