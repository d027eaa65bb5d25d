//! What is no request.

use reqwest::Method;
use serde_json::{Value, json};

use super::on_every_store;
use super::plane::{Plane, assert_refused, fields, new_tenant};
use crate::support::answer;

on_every_store!(
    what_is_no_json_is_refused,
    values_are_bounded,
    bad_requests_change_nothing,
    a_misspelt_field_wipes_nothing,
    a_tenant_does_not_grow_without_end,
);

async fn what_is_no_json_is_refused(plane: Plane) {
    let send = async |media_type: &str, body: &str| {
        let request = plane.service.request(Method::POST, "/v1/tenants").header("Content-Type", media_type);
        answer(request.body(body.to_owned())).await
    };
    for body in ["", "  ", "{", "[]", "null", "\"x\"", "{\"name\":5}", "{\"name\":\"a\"}", "{} {}"] {
        assert_refused(&send("application/json", body).await, 400);
    }
    assert_refused(&send("text/plain", "{}").await, 415);
    let twice = r#"{"name":"a","name":"b","environment":"staging","owner":{"email":"a@x"}}"#;
    assert_refused(&send("application/json", twice).await, 400);
    let deep = format!("{{\"metadata\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    assert_refused(&send("application/json", &deep).await, 400);
    assert_refused(&send("application/json", &format!("\"{}\"", "x".repeat(2 << 20))).await, 413);
}

async fn values_are_bounded(plane: Plane) {
    let mut body = new_tenant("blue-bank", "staging");
    body["name"] = json!("x".repeat(201));
    body["slug"] = json!("x".repeat(64));
    body["owner"]["email"] = json!("x".repeat(255));
    body["owner"]["passwordHash"] = json!("hunter2");
    let long: String = "x".repeat(5_000);
    body["metadata"] = json!({ "long": long });
    let refused = plane.post("/v1/tenants", body).await;
    let expected = ["slug", "name", "metadata.long", "owner.email", "owner.passwordHash"];
    assert_eq!(fields(&refused), expected);
    assert!(!refused.body.to_string().contains("hunter2"));
    let many: serde_json::Map<String, Value> =
        (0..101).map(|number| (format!("entry-{number}"), json!("x"))).collect();
    let mut body = new_tenant("blue-bank", "staging");
    body["metadata"] = Value::Object(many);
    assert_eq!(fields(&plane.post("/v1/tenants", body).await), ["metadata"]);
}

async fn bad_requests_change_nothing(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    let path = format!("/v1/tenants/{id}");
    let before = (plane.get(&path).await.body, plane.connections(&id, "ledger").await.body);
    for (method, path, body) in [
        (Method::PATCH, path.clone(), json!({ "name": "ok", "metadata": { "": "x" } })),
        (Method::PATCH, path.clone(), json!({ "name": "ok", "slug": "x" })),
        (Method::PUT, format!("{path}/associations/ledger/modules/onboarding"), json!({ "mongodb": {} })),
        (
            Method::PUT,
            format!("{path}/associations/ledger/modules/onboarding"),
            json!({ "mongodb": { "database": "" } }),
        ),
        (Method::PUT, format!("{path}/associations/ledger/purge"), Value::Null),
        (Method::PUT, format!("{path}/reactivate"), Value::Null),
        (Method::POST, format!("{path}/associations/ledger"), json!({ "isolationMode": "schema" })),
    ] {
        let refused = plane.ask(method, &path, body).await;
        assert!(refused.status.is_client_error(), "{path}: {refused:?}");
    }
    assert_eq!((plane.get(&path).await.body, plane.connections(&id, "ledger").await.body), before);
}

async fn a_misspelt_field_wipes_nothing(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    let path = format!("/v1/tenants/{id}");
    for (method, path, body, named) in [
        (
            Method::PUT,
            format!("{path}/associations/ledger/modules/onboarding"),
            json!({ "postgres": {} }),
            "postgres",
        ),
        (Method::PATCH, path.clone(), json!({ "status": "suspended" }), "status"),
        (Method::PATCH, path.clone(), json!({ "owner": { "email": "b@x" } }), "email"),
        (Method::PATCH, "/v1/services/ledger".to_owned(), json!({ "module": [] }), "module"),
    ] {
        let refused = plane.ask(method, &path, body).await;
        assert_refused(&refused, 400);
        assert!(refused.body["message"].as_str().unwrap().contains(named), "{refused:?}");
    }
    assert_eq!(
        plane.connections(&id, "ledger").await.body["databases"]["onboarding"]["postgresql"]["port"],
        5432
    );
}

async fn a_tenant_does_not_grow_without_end(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    let values: serde_json::Map<String, Value> =
        (0..100).map(|number| (format!("entry-{number}"), json!("x".repeat(4_096)))).collect();
    let mut refused = None;
    for number in 0..5 {
        let service = format!("service-{number}");
        plane.service(&service).await;
        plane.post(&format!("/v1/tenants/{id}/associations/{service}"), Value::Null).await;
        let path = format!("/v1/tenants/{id}/settings?service={service}");
        let answer = plane.put(&path, json!({ "values": values })).await;
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }
    assert_refused(&refused.expect("a refusal"), 422);
    assert_eq!(plane.connections(&id, "ledger").await.status, 200);
}
