//! `…/modules/{module}` and `…/connections/{module}`.

use serde_json::json;

use super::on_every_store;
use super::plane::{PASSWORD, Plane, assert_refused, fields, postgresql};

on_every_store!(
    a_module_is_replaced_and_removed,
    a_module_without_databases_is_none_of_them,
    a_module_that_only_the_association_lacks_is_told_apart,
    what_services_could_not_use_is_refused,
    limits_are_changed_one_by_one,
);

async fn a_module_is_replaced_and_removed(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    let path = format!("/v1/tenants/{id}/associations/ledger/modules/onboarding");
    let mongodb =
        json!({ "database": "bb", "uri": format!("mongodb://bb:{PASSWORD}@doc-1.int/bb"), "tls": true });
    let put =
        plane.put(&path, json!({ "mongodb": mongodb, "connectionSettings": { "maxOpenConns": 9 } })).await;
    assert_eq!(put.status, 200, "{put:?}");
    assert_eq!(put.body["mongodb"], json!({ "database": "bb", "tls": true }));
    assert!(put.body.get("postgresql").is_none(), "all of it is replaced");
    assert_eq!(plane.get(&path).await.body, put.body);
    let connections = plane.connections(&id, "ledger").await.body;
    let databases = &connections["databases"]["onboarding"];
    assert_eq!(databases["mongodb"]["uri"], mongodb["uri"]);
    assert_eq!(databases["connectionSettings"], json!({ "maxOpenConns": 9, "maxIdleConns": 0 }));
    assert_eq!(plane.delete(&path).await.status, 200);
    assert_refused(&plane.delete(&path).await, 404);
    assert_refused(&plane.get(&path).await, 404);
    assert_eq!(plane.connections(&id, "ledger").await.body["databases"], json!({}));
    let unknown = format!("/v1/tenants/{id}/associations/ledger/modules/nothing");
    assert_refused(&plane.put(&unknown, json!({ "postgresql": postgresql() })).await, 404);
}

async fn a_module_without_databases_is_none_of_them(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    let kinds = json!({ "resources": ["rabbitmq"] });
    assert_eq!(plane.put("/v1/services/ledger/modules/broker", kinds).await.status, 200);
    let path = format!("/v1/tenants/{id}/associations/ledger/modules/broker");
    let broker =
        json!({ "host": "mq.int", "port": 5671, "vhost": "bb", "username": "bb", "password": PASSWORD });
    assert_eq!(plane.put(&path, json!({ "rabbitmq": broker })).await.status, 200);
    let connections = plane.connections(&id, "ledger").await.body;
    // A client that names no module takes the first of them.
    assert_eq!(connections["databases"], json!({ "onboarding": { "postgresql": postgresql() } }));
    assert_eq!(connections["rabbitmq"], json!({ "broker": broker }));
    let limits = json!({ "maxOpenConns": 9, "maxIdleConns": 1 });
    plane.put(&path, json!({ "rabbitmq": broker, "connectionSettings": limits })).await;
    let connections = plane.connections(&id, "ledger").await.body;
    assert_eq!(connections["databases"]["broker"], json!({ "connectionSettings": limits }));
}

async fn a_module_that_only_the_association_lacks_is_told_apart(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    plane.put("/v1/services/ledger/modules/transaction", json!({ "resources": ["mongodb"] })).await;
    let path = |what: &str, module: &str| format!("/v1/tenants/{id}/associations/ledger/{what}/{module}");
    for refused in [
        plane.get(&path("modules", "transaction")).await,
        plane.delete(&path("modules", "transaction")).await,
        plane.patch(&path("connections", "transaction"), json!({ "maxOpenConns": 1 })).await,
    ] {
        assert_refused(&refused, 404);
        assert_eq!(refused.body["message"], "the association has nothing of the module transaction");
    }
    let refused = plane.put(&path("modules", "nothing"), json!({})).await;
    assert_eq!(refused.body["message"], "the service has no module nothing");
}

async fn what_services_could_not_use_is_refused(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    plane.put("/v1/services/ledger/modules/reports", json!({ "resources": ["mongodb"] })).await;
    let path = |module: &str| format!("/v1/tenants/{id}/associations/ledger/modules/{module}");
    let body = json!({
        "postgresql": { "host": "http://pg", "port": 0, "database": "", "username": "u", "sslmode": "on" },
        "rabbitmq": { "host": "mq", "port": 5671, "vhost": "v", "username": "u" },
        "kafka": { "brokers": [], "username": "u", "password": "p", "mechanism": "SCRAM-SHA-512" },
        "connectionSettings": { "statementTimeout": "soon" },
    });
    let refused = fields(&plane.put(&path("onboarding"), body).await);
    for field in [
        "postgresql.host",
        "postgresql.port",
        "postgresql.database",
        "postgresql.sslmode",
        "postgresql.password",
        "rabbitmq.password",
        "kafka.brokers",
        "connectionSettings.statementTimeout",
    ] {
        assert!(refused.iter().any(|known| known == field), "{field} is not in {refused:?}");
    }
    let refused = plane.put(&path("reports"), json!({ "postgresql": postgresql() })).await;
    assert_eq!(fields(&refused), ["postgresql"], "the module is registered without it");
    let wrong_type = plane.put(&path("onboarding"), json!({ "postgresql": { "port": PASSWORD } })).await;
    assert_refused(&wrong_type, 400);
    let text = wrong_type.body.to_string();
    assert!(text.contains("postgresql.port") && !text.contains(PASSWORD), "{text}");
}

async fn limits_are_changed_one_by_one(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    let path = format!("/v1/tenants/{id}/associations/ledger/connections/onboarding");
    let first = plane.patch(&path, json!({ "maxOpenConns": 40, "statementTimeout": "30s" })).await;
    assert_eq!(first.body, json!({ "maxOpenConns": 40, "maxIdleConns": 0, "statementTimeout": "30s" }));
    let second = plane.patch(&path, json!({ "maxIdleConns": 8 })).await;
    assert_eq!(second.body, json!({ "maxOpenConns": 40, "maxIdleConns": 8, "statementTimeout": "30s" }));
    let connections = plane.connections(&id, "ledger").await.body;
    assert_eq!(connections["databases"]["onboarding"]["connectionSettings"], second.body);
    assert_eq!(fields(&plane.patch(&path, json!({ "maxIdleConns": 41 })).await), ["maxIdleConns"]);
    let unknown = format!("/v1/tenants/{id}/associations/ledger/connections/nothing");
    assert_refused(&plane.patch(&unknown, json!({ "maxIdleConns": 1 })).await, 404);
}
