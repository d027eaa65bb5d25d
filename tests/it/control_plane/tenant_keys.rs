//! Keys that are bound to one tenant: no other tenant exists for them.

use reqwest::Method;
use serde_json::{Value, json};

use super::events::released;
use super::on_every_store;
use super::plane::{Plane, assert_refused, fields, new_tenant, postgresql};

on_every_store!(
    no_other_tenant_exists_for_a_key_of_one,
    a_service_key_of_one_tenant_reads_that_alone,
    what_is_about_all_tenants_is_not_for_a_key_of_one,
    the_keys_that_a_key_of_one_tenant_makes_are_of_it,
    events_of_other_tenants_are_not_told,
    a_tenant_decides_where_its_keys_are_good,
);

const EVERYTHING: [&str; 2] = ["backoffice:tm:*:read", "backoffice:tm:*:write"];

/// Two tenants with the service, and the key of an operator of the first who may do everything to it.
async fn two(plane: &Plane) -> (String, String, String) {
    let own = plane.associated("blue-bank", "ledger").await;
    let other = plane.associated("red-bank", "ledger").await;
    let wish = json!({ "name": "of blue", "tenantId": own, "scopes": EVERYTHING });
    let (key, _) = plane.operator_key(wish).await;
    (own, other, key)
}

async fn no_other_tenant_exists_for_a_key_of_one(plane: Plane) {
    let (own, other, key) = two(&plane).await;
    let association = |id: &str| format!("/v1/tenants/{id}/associations/ledger");
    let module = |id: &str| format!("{}/modules/onboarding", association(id));
    let m2m = |id: &str| format!("/v1/tenants/{id}/m2m/ledger/tracer");
    let settings = |id: &str| format!("/v1/tenants/{id}/settings?service=ledger");
    let module_body = json!({ "postgresql": postgresql() });
    let m2m_body = json!({ "clientId": "c", "clientSecret": "s" });
    let requests = |id: &str| {
        [
            (Method::GET, format!("/v1/tenants/{id}"), Value::Null),
            (Method::PATCH, format!("/v1/tenants/{id}"), json!({ "name": "Other" })),
            (Method::GET, format!("/v1/tenants/{id}/associations"), Value::Null),
            (Method::GET, association(id), Value::Null),
            (Method::GET, format!("{}/connections", association(id)), Value::Null),
            (Method::GET, format!("/v1/tenants/{id}/services/ledger/connections"), Value::Null),
            (Method::GET, format!("/tenants/{id}/associations/ledger/connections"), Value::Null),
            (Method::GET, format!("/tenants/{id}/services/ledger/settings"), Value::Null),
            (Method::GET, settings(id), Value::Null),
            (Method::PUT, module(id), module_body.clone()),
            (Method::GET, module(id), Value::Null),
            (Method::PUT, format!("{}/suspend", association(id)), Value::Null),
            (Method::PUT, format!("{}/reactivate", association(id)), Value::Null),
            (Method::POST, m2m(id), m2m_body.clone()),
            (Method::PUT, format!("/v1/tenants/{id}/suspend"), Value::Null),
            (Method::PUT, format!("/v1/tenants/{id}/reactivate"), Value::Null),
        ]
    };
    for (method, path, body) in requests(&other) {
        let answer = plane.ask_as(&key, method.clone(), &path, body).await;
        assert_eq!(answer.status, 404, "{method} {path}: {answer:?}");
    }
    for (method, path, body) in requests(&own) {
        let answer = plane.ask_as(&key, method.clone(), &path, body).await;
        assert!(answer.status.is_success(), "{method} {path}: {answer:?}");
    }
    assert_refused(
        &plane.ask_as(&key, Method::DELETE, &format!("/v1/tenants/{other}"), Value::Null).await,
        404,
    );
    assert_eq!(
        plane.get(&format!("/v1/tenants/{other}")).await.body["status"],
        "active",
        "nothing was done to it"
    );
    assert_eq!(plane.get(&association(&other)).await.status, 200);

    let ids = async |query: &str| {
        let page = plane.get_as(&key, &format!("/v1/tenants{query}")).await;
        assert_eq!((page.status.as_u16(), &page.body["hasMore"]), (200, &json!(false)), "{page:?}");
        let items = page.body["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for query in ["", "?limit=1", "?search=blu", "?status=active", "?environment=staging"] {
        assert_eq!(ids(query).await, [own.as_str()], "{query}");
    }
    for query in ["?search=red", "?status=suspended", "?environment=production", "?page=2"] {
        assert!(ids(query).await.is_empty(), "{query}");
    }
    for path in ["/v1/tenants/active?service=ledger", "/tenants/active?service=ledger"] {
        let active = plane.get_as(&key, path).await;
        assert_eq!(
            (active.body.as_array().unwrap().len(), &active.body[0]["id"]),
            (1, &json!(own)),
            "{path}"
        );
    }
}

async fn a_service_key_of_one_tenant_reads_that_alone(plane: Plane) {
    let (own, other, _) = two(&plane).await;
    let (key, _) = plane.key("ledger", json!({ "name": "pods of blue", "tenantId": own })).await;
    let connections = |id: &str| format!("/v1/tenants/{id}/associations/ledger/connections");
    // From the store, then from memory.
    for _ in 0..3 {
        assert_eq!(plane.get(&connections(&other)).await.status, 200);
        assert_eq!(plane.get_as(&key, &connections(&own)).await.status, 200);
        assert_refused(&plane.get_as(&key, &connections(&other)).await, 404);
        assert_refused(&plane.get_as(&key, &format!("/v1/tenants/{other}")).await, 404);
    }
    let active = async || {
        let list = plane.get_as(&key, "/v1/tenants/active?service=ledger").await;
        assert_eq!(list.status, 200, "{list:?}");
        list.body.as_array().unwrap().iter().map(|it| it["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(active().await, [json!(own)]);
    assert_eq!(
        plane.active("ledger").await.len(),
        2,
        "that it is asked for one does not shorten the list of all"
    );
    plane.put(&format!("/v1/tenants/{own}/associations/ledger/suspend"), Value::Null).await;
    assert!(active().await.is_empty());
    plane.put(&format!("/v1/tenants/{own}/associations/ledger/reactivate"), Value::Null).await;
    plane.put(&format!("/v1/tenants/{own}/suspend"), Value::Null).await;
    assert!(active().await.is_empty());
}

async fn what_is_about_all_tenants_is_not_for_a_key_of_one(plane: Plane) {
    let (own, _, key) = two(&plane).await;
    let ask = async |method: Method, path: &str, body: Value| plane.ask_as(&key, method, path, body).await;
    // Also where the slug is taken: it must not learn that.
    for slug in ["green-bank", "red-bank"] {
        assert_refused(&ask(Method::POST, "/v1/tenants", new_tenant(slug, "staging")).await, 403);
    }
    assert_eq!(ask(Method::GET, "/v1/services", Value::Null).await.status, 200);
    assert_eq!(ask(Method::GET, "/v1/services/ledger", Value::Null).await.status, 200);
    for (method, path, body) in [
        (Method::POST, "/v1/services", json!({ "name": "tracer" })),
        (Method::PATCH, "/v1/services/ledger", json!({ "baseUrls": {} })),
        (Method::PUT, "/v1/services/ledger/modules/more", json!({ "resources": ["postgresql"] })),
        (Method::DELETE, "/v1/services/ledger/modules/onboarding", Value::Null),
        (Method::DELETE, "/v1/services/ledger", Value::Null),
        (Method::GET, "/cache", Value::Null),
        (Method::GET, "/cache/keys", Value::Null),
        (Method::GET, "/cache/keys/x", Value::Null),
        (Method::DELETE, "/cache/keys/x", Value::Null),
        (Method::DELETE, "/cache/pattern?pattern=x*", Value::Null),
        (Method::POST, &format!("/v1/tenants/{own}/associations/ledger/cache/invalidate"), Value::Null),
    ] {
        assert_refused(&ask(method, path, body).await, 403);
    }
}

async fn the_keys_that_a_key_of_one_tenant_makes_are_of_it(plane: Plane) {
    let (own, other, key) = two(&plane).await;
    let (_, of_other) = plane.operator_key(json!({ "name": "of red", "tenantId": other })).await;
    let (_, of_all) = plane.operator_key(json!({ "name": "of all" })).await;
    let (_, pods) = plane.key("ledger", json!({ "name": "pods" })).await;
    let ask = async |method: Method, path: &str, body: Value| plane.ask_as(&key, method, path, body).await;
    let made = ask(Method::POST, "/v1/api-keys", json!({ "name": "more" })).await;
    assert_eq!((made.status.as_u16(), &made.body["tenantId"]), (201, &json!(own)));
    assert_eq!(made.body["environment"], "staging");
    let of_service = ask(Method::POST, "/v1/services/ledger/api-keys", json!({ "name": "pods" })).await;
    assert_eq!((of_service.status.as_u16(), &of_service.body["tenantId"]), (201, &json!(own)));
    for (tenant, field) in [(&*other, "tenantId"), ("nobody", "tenantId")] {
        let wish = json!({ "name": "x", "tenantId": tenant });
        assert_eq!(fields(&ask(Method::POST, "/v1/api-keys", wish).await), [field]);
    }
    let list = ask(Method::GET, "/v1/api-keys?limit=1", Value::Null).await;
    let mut names = vec![list.body["items"][0]["name"].clone()];
    let cursor = list.body["nextCursor"].as_str().unwrap();
    let rest = ask(Method::GET, &format!("/v1/api-keys?limit=1&cursor={cursor}"), Value::Null).await;
    names.push(rest.body["items"][0]["name"].clone());
    names.sort_by_key(ToString::to_string);
    assert_eq!((names, rest.body.get("nextCursor")), (vec![json!("more"), json!("of blue")], None));
    let list = ask(Method::GET, "/v1/services/ledger/api-keys", Value::Null).await;
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1, "{list:?}");
    for path in [
        format!("/v1/api-keys/{of_other}"),
        format!("/v1/api-keys/{of_all}"),
        format!("/v1/services/ledger/api-keys/{pods}"),
    ] {
        assert_refused(&ask(Method::GET, &path, Value::Null).await, 404);
        assert_refused(&ask(Method::DELETE, &path, Value::Null).await, 404);
        assert_refused(&ask(Method::POST, &format!("{path}/rotate"), Value::Null).await, 404);
    }
    let own = format!("/v1/api-keys/{}", made.body["id"].as_str().unwrap());
    assert_eq!(ask(Method::DELETE, &own, Value::Null).await.status, 200);
}

async fn events_of_other_tenants_are_not_told(plane: Plane) {
    let (own, _, key) = two(&plane).await;
    // Each: made, let in, associated.
    let all = released(&plane, 6).await;
    assert_eq!(all.iter().filter(|event| event["tenant_id"] == json!(own)).count(), 3);
    let (pods, _) = plane.key("ledger", json!({ "name": "pods of blue", "tenantId": own })).await;
    for key in [&key, &pods] {
        let page = plane.get_as(key, "/v1/events?limit=200").await;
        let events = page.body["events"].as_array().unwrap();
        assert_eq!(events.len(), 3, "{page:?}");
        assert!(events.iter().all(|event| event["tenant_id"] == json!(own)), "{page:?}");
        assert_eq!(fields(&plane.get_as(key, "/v1/events?environment=production").await), ["environment"]);
    }
}

async fn a_tenant_decides_where_its_keys_are_good(plane: Plane) {
    let staging = plane.tenant("blue-bank").await;
    let production = plane.tenant_in("blue-bank", "production").await;
    plane.service("ledger").await;
    for (path, tenant, environment) in [
        ("/v1/api-keys", &staging, "staging"),
        ("/v1/api-keys", &production, "production"),
        ("/v1/services/ledger/api-keys", &production, "production"),
    ] {
        let made = plane.post(path, json!({ "name": "a", "tenantId": tenant })).await;
        assert_eq!((made.status.as_u16(), &made.body["environment"]), (201, &json!(environment)), "{made:?}");
    }
    let other = json!({ "name": "a", "tenantId": production, "environment": "staging" });
    assert_eq!(fields(&plane.post("/v1/api-keys", other).await), ["environment"]);
    assert_eq!(
        fields(&plane.post("/v1/api-keys", json!({ "name": "a", "tenantId": "nobody" })).await),
        ["tenantId"]
    );
    let scopes = json!(["backoffice:tm:tenants:read"]);
    let wish = json!({ "name": "a", "tenantId": staging, "scopes": scopes });
    let (key, _) = plane.operator_key(wish).await;
    plane.delete(&format!("/v1/tenants/{staging}")).await;
    assert_refused(&plane.get_as(&key, &format!("/v1/tenants/{staging}")).await, 404);
    assert!(plane.get_as(&key, "/v1/tenants").await.body["items"].as_array().unwrap().is_empty());
}
