//! `/v1/services`.

use reqwest::Method;
use serde_json::{Value, json};

use super::on_every_store;
use super::plane::{Plane, assert_refused, fields};
use crate::support::answer;

on_every_store!(
    a_service_is_registered_once,
    modules_are_added_and_removed,
    a_service_that_tenants_have_stays,
    a_key_of_one_environment_takes_nothing_from_the_other,
    modules_that_would_share_a_secret_are_refused,
);

async fn a_service_is_registered_once(plane: Plane) {
    let body = json!({
        "name": "ledger",
        "modules": [{ "name": "onboarding", "resources": ["postgresql", "mongodb"] }],
        "baseUrls": { "staging": "http://ledger:3000/" },
    });
    let made = plane.post("/v1/services", body.clone()).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.body["modules"], body["modules"]);
    assert_eq!(made.body["baseUrls"], json!({ "staging": "http://ledger:3000" }));
    let again = plane.post("/v1/services", body).await;
    assert_eq!((again.status.as_u16(), &again.body), (200, &made.body));
    assert_refused(&plane.post("/v1/services", json!({ "name": "ledger" })).await, 409);
    assert_eq!(plane.get("/v1/services/ledger").await.body, made.body);
    assert_eq!(plane.get("/v1/services").await.body, json!({ "items": [made.body] }));
    let changed = plane.patch("/v1/services/ledger", json!({ "baseUrls": {} })).await;
    assert_eq!((changed.status.as_u16(), changed.body.get("baseUrls")), (200, None), "{changed:?}");
    assert_eq!(changed.body["modules"], made.body["modules"]);
    let wrong = json!({
        "name": "a/b",
        "modules": [{ "name": "", "resources": ["mysql"] }, { "name": "x" }, { "name": "x" }],
        "baseUrls": { "uat": "ftp://x" },
    });
    let expected =
        ["name", "modules.0.resources.0", "modules.0.name", "modules.2.name", "baseUrls.uat", "baseUrls.uat"];
    assert_eq!(fields(&plane.post("/v1/services", wrong).await), expected);
    assert_refused(&plane.get("/v1/services/nothing").await, 404);
    assert_refused(&plane.patch("/v1/services/nothing", json!({})).await, 404);
}

async fn modules_are_added_and_removed(plane: Plane) {
    plane.post("/v1/services", json!({ "name": "ledger" })).await;
    let added = plane.put("/v1/services/ledger/modules/crm-api", json!({ "resources": ["mongodb"] })).await;
    assert_eq!(added.status, 200, "{added:?}");
    let modules = plane.get("/v1/services/ledger/modules").await;
    assert_eq!(modules.body, json!({ "items": [{ "name": "crm-api", "resources": ["mongodb"] }] }));
    assert_eq!(
        fields(&plane.put("/v1/services/ledger/modules/x", json!({ "resources": ["y"] })).await),
        ["resources.0"]
    );
    assert_eq!(plane.delete("/v1/services/ledger/modules/crm-api").await.body["modules"], json!([]));
    assert_refused(&plane.delete("/v1/services/ledger/modules/crm-api").await, 404);
    assert_refused(&plane.get("/v1/services/nothing/modules").await, 404);
}

async fn a_service_that_tenants_have_stays(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    assert_refused(&plane.delete("/v1/services/ledger").await, 409);
    plane.put(&format!("/v1/tenants/{id}/associations/ledger/suspend"), Value::Null).await;
    assert_refused(&plane.delete("/v1/services/ledger").await, 409);
    plane.delete(&format!("/v1/tenants/{id}/associations/ledger")).await;
    let (_, key) = plane.key("ledger", json!({ "name": "pods" })).await;
    assert_refused(&plane.delete("/v1/services/ledger").await, 409);
    plane.delete(&format!("/v1/services/ledger/api-keys/{key}")).await;
    let gone = plane.delete("/v1/services/ledger").await;
    assert_eq!((gone.status.as_u16(), &gone.body["name"]), (200, &json!("ledger")));
    assert_refused(&plane.delete("/v1/services/ledger").await, 404);
}

async fn a_key_of_one_environment_takes_nothing_from_the_other(plane: Plane) {
    plane.service("ledger").await;
    let scopes = json!(["backoffice:tm:services:write"]);
    let (key, _) = plane.key("ledger", json!({ "name": "ci", "scopes": scopes })).await;
    let ask = async |method: Method, path: &str, body: Value| {
        answer(plane.service.bare_request(method, path).header("X-API-Key", &key).json(&body)).await
    };
    let url = |environment: &str| json!({ "baseUrls": { environment: "http://ledger:3000" } });
    let path = "/v1/services/ledger";
    assert_eq!(ask(Method::PATCH, path, url("staging")).await.status, 200);
    assert_eq!(fields(&ask(Method::PATCH, path, url("production")).await), ["baseUrls"]);
    assert_eq!(fields(&ask(Method::PATCH, path, json!({ "modules": [] })).await), ["modules"]);
    assert_refused(&ask(Method::DELETE, path, Value::Null).await, 409);
    let module = format!("{path}/modules/reports");
    assert_eq!(ask(Method::PUT, &module, json!({ "resources": ["mongodb"] })).await.status, 200);
    assert_eq!(fields(&ask(Method::PUT, &module, json!({ "resources": [] })).await), ["modules"]);
}

async fn modules_that_would_share_a_secret_are_refused(plane: Plane) {
    let service = |name: &str, modules: &[&str]| {
        let modules: Vec<Value> = modules.iter().map(|name| json!({ "name": name })).collect();
        json!({ "name": name, "modules": modules })
    };
    let refused = plane.post("/v1/services", service("a", &["sub-module", "submodule"])).await;
    assert_eq!(fields(&refused), ["modules.1.name"]);
    assert_eq!(plane.post("/v1/services", service("ledger", &["crm-api"])).await.status, 201);
    assert_eq!(plane.post("/v1/services", service("plugin-crm", &["crm-api"])).await.status, 201);
    let refused = plane.put("/v1/services/plugin-crm/modules/crmApi", json!({})).await;
    assert_eq!(fields(&refused).len(), 1);
}
