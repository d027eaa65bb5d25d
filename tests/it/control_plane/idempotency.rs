//! Writes with a key, on the real store.

use reqwest::Method;
use serde_json::{Value, json};

use super::on_every_store;
use super::plane::{Plane, new_tenant};

on_every_store!(
    a_repeated_write_is_answered_the_same,
    of_many_at_once_one_is_executed,
    a_write_outlives_its_claim,
);

struct Kept {
    status: u16,
    body: Value,
    is_replay: bool,
}

async fn keyed(plane: &Plane, method: Method, path: &str, key: &str, body: &Value) -> Kept {
    let request = plane.service.request(method, path).header("X-Idempotency", key);
    let request = if body.is_null() { request } else { request.json(body) };
    let response = request.send().await.unwrap();
    let is_replay = response.headers().get("x-idempotency-replayed").is_some_and(|value| value == "true");
    Kept { status: response.status().as_u16(), body: response.json().await.unwrap(), is_replay }
}

async fn a_repeated_write_is_answered_the_same(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    let steps = [
        (Method::POST, "/v1/tenants".to_owned(), new_tenant("red-bank", "staging"), 201),
        (Method::PATCH, format!("/v1/tenants/{id}"), json!({ "name": "Azul" }), 200),
        (Method::PUT, format!("/v1/tenants/{id}/suspend"), Value::Null, 200),
        (Method::PUT, format!("/v1/tenants/{id}/reactivate"), Value::Null, 200),
        (Method::POST, "/v1/services/ledger/api-keys".to_owned(), json!({ "name": "pods" }), 201),
        (Method::PUT, format!("/v1/tenants/{id}/associations/ledger/suspend"), Value::Null, 200),
        (Method::DELETE, format!("/v1/tenants/{id}/associations/ledger"), Value::Null, 200),
        (Method::POST, "/v1/services".to_owned(), json!({ "name": "tracer" }), 201),
        (Method::DELETE, "/v1/services/tracer".to_owned(), Value::Null, 200),
    ];
    for (number, (method, path, body, status)) in steps.into_iter().enumerate() {
        let key = format!("step-{number}");
        let first = keyed(&plane, method.clone(), &path, &key, &body).await;
        assert_eq!((first.status, first.is_replay), (status, false), "{path}: {}", first.body);
        let again = keyed(&plane, method, &path, &key, &body).await;
        assert_eq!((again.status, again.is_replay, again.body), (status, true, first.body), "{path}");
    }
}

async fn of_many_at_once_one_is_executed(plane: Plane) {
    plane.service("ledger").await;
    let body = json!({ "name": "pods" });
    let calls = (0..16).map(|_| keyed(&plane, Method::POST, "/v1/services/ledger/api-keys", "once", &body));
    let answers = futures::future::join_all(calls).await;
    let made: Vec<&Value> = answers.iter().filter(|it| it.status == 201).map(|it| &it.body["id"]).collect();
    assert!(!made.is_empty() && made.iter().all(|id| *id == made[0]), "{made:?}");
    assert!(answers.iter().all(|it| matches!(it.status, 201 | 409)));
    let keys = plane.get("/v1/services/ledger/api-keys").await;
    assert_eq!(keys.body["items"].as_array().unwrap().len(), 1);
}

/// The cache forgets the write, as after a flush: the store does not.
async fn a_write_outlives_its_claim(plane: Plane) {
    plane.service("ledger").await;
    let (path, body) = ("/v1/services/ledger/api-keys", json!({ "name": "pods" }));
    let first = keyed(&plane, Method::POST, path, "once", &body).await;
    let cleared = plane.delete("/cache/pattern?pattern=idempotency:*").await;
    assert_eq!((cleared.status.as_u16(), &cleared.body["deleted"]), (200, &json!(1)));
    let again = keyed(&plane, Method::POST, path, "once", &body).await;
    assert_eq!((again.status, again.is_replay, &again.body), (201, true, &first.body));
    plane.delete("/cache/pattern?pattern=idempotency:*").await;
    let other = keyed(&plane, Method::POST, path, "once", &json!({ "name": "other" })).await;
    assert_eq!(other.status, 422, "{}", other.body);
    let keys = plane.get(path).await;
    assert_eq!(keys.body["items"].as_array().unwrap().len(), 1);
}
