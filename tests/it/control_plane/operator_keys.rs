//! `/v1/api-keys`: keys of no service, for operators and programs.

use reqwest::Method;
use serde_json::{Value, json};

use super::on_every_store;
use super::plane::{Plane, assert_refused, fields};
use crate::support::Service;

on_every_store!(
    a_key_of_no_service_does_what_it_was_granted,
    a_key_of_no_service_is_listed_apart_and_revoked_with_a_reason,
    a_key_of_no_service_is_rotated,
    nobody_makes_a_key_of_no_service_that_is_more_than_his_own,
);

async fn a_key_of_no_service_does_what_it_was_granted(plane: Plane) {
    let staging = plane.associated("blue-bank", "ledger").await;
    let production = plane.tenant_in("blue-bank", "production").await;
    let scopes = json!(["backoffice:tm:tenants:read"]);
    let (both, id) = plane.operator_key(json!({ "name": "ana", "scopes": scopes })).await;
    assert!(both.starts_with(&format!("pm_any_{id}_")), "{both}");
    let own = json!({ "name": "ana", "scopes": scopes, "environment": "production" });
    let (own, _) = plane.operator_key(own).await;
    for (key, tenant, status) in
        [(&both, &staging, 200), (&both, &production, 200), (&own, &staging, 404), (&own, &production, 200)]
    {
        assert_eq!(plane.get_as(key, &format!("/v1/tenants/{tenant}")).await.status, status);
    }
    assert_eq!(plane.get_as(&own, "/v1/tenants").await.body["items"].as_array().unwrap().len(), 1);
    // It is no service: nothing is its own.
    let connections = format!("/v1/tenants/{staging}/associations/ledger/connections");
    for path in [&*connections, "/v1/tenants/active?service=ledger", "/v1/events", "/v1/services", "/cache"] {
        assert_refused(&plane.get_as(&both, path).await, 403);
    }
}

async fn a_key_of_no_service_is_listed_apart_and_revoked_with_a_reason(plane: Plane) {
    plane.service("ledger").await;
    let (_, of_service) = plane.key("ledger", json!({ "name": "pods" })).await;
    let scopes = json!(["backoffice:tm:tenants:read"]);
    let (key, id) = plane.operator_key(json!({ "name": "ana", "scopes": scopes })).await;
    let list = plane.get("/v1/api-keys").await;
    let items = list.body["items"].as_array().unwrap();
    assert_eq!((items.len(), &items[0]["id"]), (1, &json!(id)));
    assert!(items[0].get("service").is_none() && items[0].get("environment").is_none(), "{list:?}");
    assert!(items[0].get("key").is_none() && !list.body.to_string().contains(&key));
    assert_eq!(plane.get(&format!("/v1/api-keys/{id}")).await.body, items[0]);
    let found = plane.get(&format!("/v1/services/ledger/api-keys/{of_service}")).await;
    assert_eq!((&found.body["id"], &found.body["service"]), (&json!(of_service), &json!("ledger")));
    for path in [
        format!("/v1/api-keys/{of_service}"),
        format!("/v1/services/ledger/api-keys/{id}"),
        "/v1/api-keys/nothing".to_owned(),
        "/v1/api-keys/bootstrap".to_owned(),
    ] {
        assert_refused(&plane.get(&path).await, 404);
        assert_refused(&plane.delete(&path).await, 404);
        assert_refused(&plane.post(&format!("{path}/rotate"), Value::Null).await, 404);
    }

    let path = format!("/v1/api-keys/{id}");
    let delete = async |path: &str, body: Value| plane.ask(Method::DELETE, path, body).await;
    assert_eq!(fields(&delete(&path, json!({ "reason": "x".repeat(201) })).await), ["reason"]);
    assert_eq!(fields(&delete(&format!("{path}?reason=a%0Ab"), Value::Null).await), ["reason"]);
    assert_refused(&delete(&path, json!({ "because": "leaked" })).await, 400);
    assert_refused(&delete(&format!("{path}?reason=a"), json!({ "reason": "b" })).await, 400);
    assert_eq!(plane.get_as(&key, "/v1/tenants").await.status, 200, "nothing came of these");
    let revoked = delete(&path, json!({ "reason": " leaked in a log " })).await;
    assert_eq!(
        (revoked.status.as_u16(), &revoked.body["revocationReason"]),
        (200, &json!("leaked in a log"))
    );
    assert_refused(&plane.get_as(&key, "/v1/tenants").await, 401);
    assert_eq!(plane.get(&path).await.body["revocationReason"], "leaked in a log");
    assert_refused(&delete(&path, json!({ "reason": "other" })).await, 409);
    let of_service = format!("/v1/services/ledger/api-keys/{of_service}");
    let revoked = delete(&format!("{of_service}?reason=team%20left"), Value::Null).await;
    assert_eq!(revoked.body["revocationReason"], "team left");
    assert_eq!(plane.get(&of_service).await.body["revocationReason"], "team left");
}

async fn a_key_of_no_service_is_rotated(plane: Plane) {
    let scopes = json!(["backoffice:tm:tenants:read"]);
    let (old, id) = plane.operator_key(json!({ "name": "ana", "scopes": scopes })).await;
    let path = format!("/v1/api-keys/{id}/rotate");
    let rotated = plane.post(&path, json!({ "overlapSeconds": 3_600 })).await;
    assert_eq!((rotated.status.as_u16(), &rotated.body["id"]), (200, &json!(id)));
    let new = rotated.body["key"].as_str().unwrap();
    for key in [&old, new] {
        assert_eq!(plane.get_as(key, "/v1/tenants").await.status, 200);
    }
    plane.delete(&format!("/v1/api-keys/{id}")).await;
    for key in [&old, new] {
        assert_refused(&plane.get_as(key, "/v1/tenants").await, 401);
    }
}

async fn nobody_makes_a_key_of_no_service_that_is_more_than_his_own(plane: Plane) {
    plane.service("ledger").await;
    let scopes = json!(["backoffice:tm:api-keys:*", "backoffice:tm:tenants:read"]);
    assert_eq!(
        fields(&plane.post("/v1/api-keys", json!({ "name": "a", "scopes": scopes })).await),
        ["scopes.0"]
    );
    let scopes =
        json!(["backoffice:tm:api-keys:write", "backoffice:tm:api-keys:read", "backoffice:tm:tenants:read"]);
    let limited = json!({ "name": "limited", "scopes": scopes, "environment": "staging" });
    let (limited, _) = plane.operator_key(limited).await;
    let make = async |body: Value| plane.ask_as(&limited, Method::POST, "/v1/api-keys", body).await;
    let made = make(json!({ "name": "a", "scopes": ["backoffice:tm:tenants:read"] })).await;
    assert_eq!(
        (made.status.as_u16(), &made.body["environment"]),
        (201, &json!("staging")),
        "as the caller's"
    );
    for scope in ["backoffice:tm:tenants:write", "backoffice:tm:*:read", "backoffice:tm:cache:read"] {
        assert_refused(&make(json!({ "name": "a", "scopes": [scope] })).await, 403);
    }
    assert_eq!(fields(&make(json!({ "name": "a", "environment": "production" })).await), ["environment"]);
    // Of a service it may hand out nothing: it reads no connections.
    let of_service =
        plane.ask_as(&limited, Method::POST, "/v1/services/ledger/api-keys", json!({ "name": "a" }));
    assert_refused(&of_service.await, 403);
    // One for both environments is wider than its own: it may neither see nor touch it.
    let (_, wide) = plane.operator_key(json!({ "name": "wide" })).await;
    let path = format!("/v1/api-keys/{wide}");
    assert_refused(&plane.get_as(&limited, &path).await, 404);
    assert_refused(&plane.ask_as(&limited, Method::DELETE, &path, Value::Null).await, 404);
    assert_refused(&plane.ask_as(&limited, Method::POST, &format!("{path}/rotate"), Value::Null).await, 404);
    // Nor may it take over one that has more than it has itself.
    let strong = json!({ "name": "s", "environment": "staging", "scopes": ["backoffice:tm:tenants:write"] });
    let (_, strong_id) = plane.operator_key(strong).await;
    let path = format!("/v1/api-keys/{strong_id}/rotate");
    assert_refused(&plane.ask_as(&limited, Method::POST, &path, Value::Null).await, 403);
    // A walk shows what it may know of, and its end nothing else.
    let page = plane.get_as(&limited, "/v1/api-keys?limit=3").await;
    assert_eq!(page.body["items"].as_array().unwrap().len(), 3);
    assert!(page.body.get("nextCursor").is_none(), "{page:?}");

    // A service makes keys of services.
    let all = json!({ "name": "pods", "scopes": ["backoffice:tm:*:write", "backoffice:tm:*:read"] });
    let (service, _) = plane.key("ledger", all).await;
    assert_refused(&plane.ask_as(&service, Method::POST, "/v1/api-keys", json!({ "name": "a" })).await, 403);
    let strong = format!("/v1/api-keys/{strong_id}");
    assert_refused(&plane.ask_as(&service, Method::DELETE, &strong, Value::Null).await, 403);
    let wrong = json!({
        "name": "", "environment": "uat", "tenantId": "a:b", "expiresAt": "2001-01-01T00:00:00Z", "tier": "fast",
    });
    assert_eq!(fields(&make(wrong).await), ["name", "environment", "tenantId", "tier", "expiresAt"]);
}

/// It is noted every minute, and when the service stops.
async fn the_last_use_is_listed(store: &[(&str, &str)]) {
    let records = tempfile::tempdir().unwrap();
    let variables = [store, &[("DATA_DIR", records.path().to_str().unwrap())]].concat();
    let start = async || {
        let service = Service::start(&variables).await;
        service.wait_until_ready().await;
        Plane { service }
    };
    let plane = start().await;
    let scopes = json!(["backoffice:tm:tenants:read"]);
    let (key, used) = plane.operator_key(json!({ "name": "ana", "scopes": scopes })).await;
    let (_, unused) = plane.operator_key(json!({ "name": "unused" })).await;
    for _ in 0..10 {
        assert_eq!(plane.get_as(&key, "/v1/tenants").await.status, 200);
    }
    plane.service.stop().await;

    let plane = start().await;
    let list = plane.get("/v1/api-keys").await;
    let item = |id: &str| {
        let items = list.body["items"].as_array().unwrap();
        items.iter().find(|item| item["id"] == id).unwrap().clone()
    };
    let at = item(&used)["lastUsedAt"].as_str().expect("it was used").to_owned();
    assert!(at.as_str() >= item(&used)["createdAt"].as_str().unwrap(), "{at}");
    assert_eq!(item(&unused).get("lastUsedAt"), None);
    assert_eq!(plane.get(&format!("/v1/api-keys/{used}")).await.body["lastUsedAt"], json!(at));
}

#[tokio::test]
async fn the_last_use_of_a_key_is_listed_by_the_embedded_store() {
    the_last_use_is_listed(&[]).await;
}

#[tokio::test]
async fn the_last_use_of_a_key_is_listed_by_mongodb() {
    let uri = format!("mongodb://{}/", testkit::shared_mongo().await);
    the_last_use_is_listed(&[("MONGO_URI", &uri), ("MONGO_NAME", &testkit::unique_prefix())]).await;
}
