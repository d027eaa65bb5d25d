//! `GET …/connections`: what the public clients read.

use reqwest::Method;
use serde_json::{Value, json};

use super::on_every_store;
use super::plane::{PASSWORD, Plane, assert_kept_out, assert_refused, postgresql};

on_every_store!(
    everything_is_there_as_clients_read_it,
    a_schema_is_told_where_tenants_share_a_database,
    what_the_caller_has_is_not_sent_again,
    missing_and_kept_out_are_told_apart,
);

async fn everything_is_there_as_clients_read_it(plane: Plane) {
    plane.service("ledger").await;
    let id = plane.tenant("blue-bank").await;
    let mongodb = json!({ "host": "doc-1.int", "port": 27017, "database": "bb", "username": "bb",
        "password": PASSWORD, "authSource": "admin", "tls": true, "tlsCAFile": "/etc/ca.pem", "maxPoolSize": 50 });
    let rabbitmq = json!({ "host": "mq.int", "port": 5671, "vhost": "bb", "username": "bb",
        "password": PASSWORD, "tls": false });
    let kafka = json!({ "brokers": ["k1:9096", "k2:9096"], "username": "bb", "password": PASSWORD,
        "mechanism": "SCRAM-SHA-512", "tls": true });
    let settings = json!({ "maxOpenConns": 40, "maxIdleConns": 8, "statementTimeout": "30s" });
    let module = json!({ "postgresql": postgresql(), "postgresqlReplica": postgresql(), "mongodb": mongodb,
        "rabbitmq": rabbitmq, "kafka": kafka, "connectionSettings": settings });
    let body = json!({ "connectionSettings": { "maxOpenConns": 25, "maxIdleConns": 5 },
        "modules": { "onboarding": module } });
    let path = format!("/v1/tenants/{id}/associations/ledger");
    assert_eq!(plane.post(&path, body).await.status, 201);

    let mut found = plane.connections(&id, "ledger").await;
    assert_eq!((found.status.as_u16(), found.content_type.as_str()), (200, "application/json"));
    for time in ["createdAt", "updatedAt"] {
        let text = found.body.as_object_mut().unwrap().remove(time).unwrap();
        assert!(text.as_str().unwrap().ends_with('Z'), "{text}");
    }
    let expected = json!({
        "id": id, "tenantSlug": "blue-bank", "tenantName": "blue bank", "service": "ledger", "status": "active",
        "isolationMode": "isolated",
        "databases": { "onboarding": { "postgresql": postgresql(), "postgresqlReplica": postgresql(),
            "mongodb": mongodb, "connectionSettings": settings } },
        "messaging": { "rabbitmq": rabbitmq },
        "rabbitmq": { "onboarding": rabbitmq },
        "streaming": { "onboarding": { "kafka": kafka } },
        "connectionSettings": { "maxOpenConns": 25, "maxIdleConns": 5 },
    });
    assert_eq!(found.body, expected);
}

async fn a_schema_is_told_where_tenants_share_a_database(plane: Plane) {
    plane.service("ledger").await;
    let id = plane.tenant("blue-bank").await;
    let body = |postgresql: Value| json!({ "isolationMode": "shared", "modules": { "onboarding": { "postgresql": postgresql } } });
    let path = format!("/v1/tenants/{id}/associations/ledger");
    let refused = plane.post(&path, body(postgresql())).await;
    assert_eq!(super::plane::fields(&refused), ["modules.onboarding.postgresql.schema"]);
    let mut with_schema = postgresql();
    with_schema["schema"] = json!("tenant_1");
    assert_eq!(plane.post(&path, body(with_schema)).await.status, 201);
    let found = plane.connections(&id, "ledger").await.body;
    assert_eq!(found["isolationMode"], "schema");
    assert_eq!(found["databases"]["onboarding"]["postgresql"]["schema"], "tenant_1");
}

async fn what_the_caller_has_is_not_sent_again(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    let path = format!("/v1/tenants/{id}/associations/ledger/connections");
    let get = async |etag: &str| {
        let request = plane.service.request(Method::GET, &path).header("If-None-Match", etag);
        let response = request.send().await.unwrap();
        let etag = response.headers()["etag"].to_str().unwrap().to_owned();
        (response.status().as_u16(), etag, response.text().await.unwrap())
    };
    let (status, etag, text) = get("\"none\"").await;
    assert_eq!((status, text.is_empty()), (200, false));
    assert!(!etag.contains(PASSWORD));
    assert_eq!(get(&etag).await, (304, etag.clone(), String::new()));
    let module = format!("/v1/tenants/{id}/associations/ledger/connections/onboarding");
    plane.patch(&module, json!({ "maxOpenConns": 9 })).await;
    let (status, other, _) = get(&etag).await;
    assert_eq!(status, 200);
    assert_ne!(other, etag);
}

async fn missing_and_kept_out_are_told_apart(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    plane.service("tracer").await;
    assert_refused(&plane.connections(&id, "tracer").await, 404);
    assert_refused(&plane.connections(&id, "nothing").await, 404);
    assert_refused(&plane.connections("0f8fad5bd9cb469fa16570867728950e", "ledger").await, 404);
    assert_refused(&plane.connections("a%2Fb", "ledger").await, 404);
    assert_refused(&plane.connections(&id, "a%2Fb").await, 404);
    plane.put(&format!("/v1/tenants/{id}/suspend"), Value::Null).await;
    assert_kept_out(&plane.connections(&id, "ledger").await, "suspended", "ledger");
    plane.put(&format!("/v1/tenants/{id}/reactivate"), Value::Null).await;
    assert_eq!(plane.connections(&id, "ledger").await.status, 200);
}
