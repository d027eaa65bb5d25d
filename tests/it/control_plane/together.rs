//! Everything that is wrong with a request is told in one answer, whoever finds it.

use reqwest::Method;
use serde_json::{Value, json};

use super::on_every_store;
use super::plane::{PASSWORD, Plane, assert_refused, fields, new_tenant, postgresql};
use crate::support::answer;

on_every_store!(
    of_an_association,
    of_a_tenant,
    of_a_key,
    of_a_service,
    numbers_out_of_range_are_told_with_their_range,
    what_a_route_does_not_know_is_refused,
);

fn sorted(mut fields: Vec<String>) -> Vec<String> {
    fields.sort();
    fields
}

async fn of_an_association(plane: Plane) {
    plane.service("tracer").await;
    let id = plane.tenant("blue-bank").await;
    let mut database = postgresql();
    (database["port"], database["host"]) = (json!(99_999), json!("http://pg"));
    let wrong = json!({
        "isolationMode": "none",
        "maxOpenConns": 20_000,
        "connectionSettings": { "statementTimeout": "soon", "maxIdleConns": -1 },
        "modules": {
            "onboarding": { "postgresql": database, "rabbitmq":
                { "host": "mq", "port": 70_000, "vhost": "v", "username": "" } },
            "a/b": { "kafka": { "brokers": [], "username": "u", "password": "p", "mechanism": "m" } },
            "unknown": { "connectionSettings": { "maxOpenConns": 1, "maxIdleConns": 2 } },
        },
    });
    let path = format!("/v1/tenants/{id}/associations/tracer");
    let expected = [
        "connectionSettings",
        "connectionSettings.maxIdleConns",
        "connectionSettings.statementTimeout",
        "isolationMode",
        "maxOpenConns",
        "modules.a/b",
        "modules.a/b.kafka.brokers",
        "modules.onboarding.postgresql.host",
        "modules.onboarding.postgresql.port",
        "modules.onboarding.rabbitmq.password",
        "modules.onboarding.rabbitmq.port",
        "modules.onboarding.rabbitmq.username",
        "modules.unknown",
        "modules.unknown.connectionSettings.maxIdleConns",
    ];
    let refused = plane.post(&path, wrong).await;
    assert_eq!(sorted(fields(&refused)), expected);
    assert!(!refused.body.to_string().contains(PASSWORD));
    // The fields are those that were sent.
    let flat = plane.post(&path, json!({ "maxOpenConns": 5, "maxIdleConns": 6 })).await;
    assert_eq!(fields(&flat), ["maxIdleConns"]);
    assert_refused(&plane.get(&path).await, 404);
    let path = format!("{path}/modules/onboarding");
    plane.post(&format!("/v1/tenants/{id}/associations/tracer"), Value::Null).await;
    let wrong = json!({
        "mongodb": { "database": "", "host": "doc", "port": -1, "maxPoolSize": 10_001 },
        "connectionSettings": { "maxOpenConns": -5, "statementTimeout": "soon" },
    });
    let expected = [
        "connectionSettings.maxOpenConns",
        "connectionSettings.statementTimeout",
        "mongodb.database",
        "mongodb.maxPoolSize",
        "mongodb.port",
    ];
    assert_eq!(sorted(fields(&plane.put(&path, wrong).await)), expected);
}

async fn of_a_tenant(plane: Plane) {
    let id = plane.tenant("blue-bank").await;
    let path = format!("/v1/tenants/{id}");
    let wrong = json!({ "name": "", "slug": "x", "isolation": "none", "metadata": { "": "x" } });
    let refused = plane.patch(&path, wrong).await;
    assert_eq!(sorted(fields(&refused)), ["isolation", "metadata.", "name", "slug"]);
    plane.service("ledger").await;
    let scopes = json!(["backoffice:tm:tenants:write"]);
    let (key, _) = plane.key("ledger", json!({ "name": "ci", "scopes": scopes })).await;
    let mut body = new_tenant("", "production");
    (body["name"], body["isolation"], body["owner"]["email"]) = (json!("!!!"), json!("none"), json!("x"));
    let request = plane.service.bare_request(Method::POST, "/v1/tenants").header("X-API-Key", key);
    let refused = answer(request.json(&body)).await;
    assert_eq!(sorted(fields(&refused)), ["environment", "isolation", "owner.email", "slug"]);
    let mut body = new_tenant("-", "staging");
    body["name"] = json!("!!!");
    assert_eq!(fields(&plane.post("/v1/tenants", body).await), ["slug"], "told once");
}

async fn of_a_key(plane: Plane) {
    plane.service("ledger").await;
    let wrong = json!({ "name": "", "environment": "x", "expiresAt": "2020-01-01T00:00:00Z", "tier": "x" });
    let refused = plane.post("/v1/services/ledger/api-keys", wrong).await;
    assert_eq!(sorted(fields(&refused)), ["environment", "expiresAt", "name", "tier"]);
    assert_eq!(plane.get("/v1/services/ledger/api-keys").await.body["items"], json!([]));
}

async fn of_a_service(plane: Plane) {
    let wrong = json!({
        "name": "bad name",
        "modules": [{ "name": "a" }, { "name": "A" }],
        "baseUrls": { "staging": "x" },
    });
    let refused = plane.post("/v1/services", wrong).await;
    assert_eq!(sorted(fields(&refused)), ["baseUrls.staging", "modules.1.name", "name"]);
    plane.service("ledger").await;
    let wrong = json!({ "modules": [{ "name": "a" }, { "name": "A" }], "baseUrls": { "staging": "x" } });
    let refused = plane.patch("/v1/services/ledger", wrong).await;
    assert_eq!(sorted(fields(&refused)), ["baseUrls.staging", "modules.1.name"]);
    let refused =
        plane.put("/v1/services/ledger/modules/ON-boarding", json!({ "resources": ["mysql"] })).await;
    assert_eq!(sorted(fields(&refused)), ["modules.0.name", "resources.0"]);
    // What could not be read takes nothing away.
    let scopes = json!(["backoffice:tm:services:write"]);
    let (key, _) = plane.key("ledger", json!({ "name": "ci", "scopes": scopes })).await;
    let ask = async |body: Value| {
        let request = plane.service.bare_request(Method::PATCH, "/v1/services/ledger");
        fields(&answer(request.header("X-API-Key", &key).json(&body)).await)
    };
    let url = json!({ "production": "http://ledger" });
    let wrong = json!({ "modules": [{ "name": "onboarding", "resources": ["mysql"] }], "baseUrls": url });
    assert_eq!(ask(wrong).await, ["modules.0.resources.0", "baseUrls"]);
}

async fn numbers_out_of_range_are_told_with_their_range(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    let path = format!("/v1/tenants/{id}/associations/ledger");
    let (_, key) = plane.key("ledger", json!({ "name": "pods" })).await;
    let module = |port: Value| {
        let mut database = postgresql();
        database["port"] = port;
        json!({ "postgresql": database })
    };
    let rotate = format!("/v1/services/ledger/api-keys/{key}/rotate");
    let settings = format!("/v1/tenants/{id}/settings?service=ledger");
    let module_path = format!("{path}/modules/onboarding");
    let limits = format!("{path}/connections/onboarding");
    let huge: Value = serde_json::from_str("123456789012345678901234567890").unwrap();
    for (method, path, body, field, range) in [
        (Method::PUT, &module_path, module(json!(99_999)), "postgresql.port", "must be 1 to 65535"),
        (Method::PUT, &module_path, module(json!(0)), "postgresql.port", "must be 1 to 65535"),
        (Method::PUT, &module_path, module(huge), "postgresql.port", "must be 1 to 65535"),
        (Method::PATCH, &limits, json!({ "maxOpenConns": -1 }), "maxOpenConns", "must be 0 to 10000"),
        (Method::PATCH, &limits, json!({ "maxIdleConns": 10_001 }), "maxIdleConns", "must be 0 to 10000"),
        (Method::POST, &rotate, json!({ "overlapSeconds": -1 }), "overlapSeconds", "must be 0 to 2592000"),
        (
            Method::POST,
            &rotate,
            json!({ "overlapSeconds": 2_592_001 }),
            "overlapSeconds",
            "must be 0 to 2592000",
        ),
        (
            Method::PUT,
            &settings,
            json!({ "values": {}, "version": -1 }),
            "version",
            "must be 0 to 18446744073709551615",
        ),
    ] {
        let refused = plane.ask(method, path, body).await;
        assert_eq!(fields(&refused), [field], "{path}");
        assert_eq!(refused.body["errors"][0]["message"], range, "{path}");
    }
    for port in [json!(1.5), json!("5432"), json!(null), json!(true)] {
        let refused = plane.put(&module_path, module(port)).await;
        assert_refused(&refused, 400);
        assert_eq!(refused.body["message"], "postgresql.port: must be a whole number");
    }
    let both = json!({ "values": { "": "x" }, "version": -1 });
    assert_eq!(sorted(fields(&plane.put(&settings, both).await)), ["values.", "version"]);
}

async fn what_a_route_does_not_know_is_refused(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    let keys = "/v1/services/ledger/api-keys";
    let invalidate = format!("/v1/tenants/{id}/associations/ledger/cache/invalidate");
    let mut owner = new_tenant("green-bank", "staging");
    owner["owner"]["verified"] = json!(true);
    for (method, path, body, field) in [
        (Method::POST, keys, json!({ "name": "a", "expires_at": "2030-01-01T00:00:00Z" }), "expires_at"),
        (Method::POST, "/v1/services", json!({ "name": "a", "modulez": [] }), "modulez"),
        (Method::PUT, "/v1/services/ledger/modules/n", json!({ "name": "n" }), "name"),
        (Method::POST, &invalidate, json!({ "why": "moved" }), "why"),
        (Method::POST, "/v1/tenants", owner, "verified"),
    ] {
        let refused = plane.ask(method, path, body).await;
        assert_refused(&refused, 400);
        assert!(refused.body["message"].as_str().unwrap().contains(field), "{refused:?}");
    }
    assert_eq!(plane.get(keys).await.body["items"], json!([]), "none was made");
    // The old public clients may send more than these two routes know.
    let mut body = new_tenant("red-bank", "staging");
    body["plan"] = json!("gold");
    let made = plane.post("/v1/tenants", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    plane.service("tracer").await;
    let path = format!("/v1/tenants/{id}/associations/tracer");
    let below = json!({ "modules": { "onboarding": { "postgres": {} } } });
    assert_refused(&plane.post(&path, below).await, 400);
    assert_eq!(plane.post(&path, json!({ "plan": "gold" })).await.status, 201);
}
