//! Every operation of the OpenAPI document, with the examples it gives.

use serde_json::{Value, json};

use super::document::{Document, Operation, Way};
use super::plane::{Plane, assert_refused};
use crate::support::answer;

#[tokio::test]
async fn every_operation_takes_and_gives_what_the_document_says() {
    let plane = Plane::embedded().await;
    let document = Document::read();
    for (number, operation) in document.operations().into_iter().enumerate() {
        let place = format!("{} {}", operation.method, operation.path);
        let path = prepared(&plane, &operation, number).await;
        if operation.id == "getConnections" {
            let module = format!("{}/modules/onboarding", association(number, &plane).await);
            let given = plane.put(&module, every_resource(&document)).await;
            assert_eq!(given.status, 200, "{given:?}");
        }
        let schema = body_schema(&operation);
        let body = body(&plane, &document, &operation, number).await;
        if !schema.is_null() {
            assert_eq!(document.faults(&body, schema, Way::Request, &place), [] as [&str; 0]);
        }
        if !operation.text["security"].is_null() {
            let refused = answer(plane.service.bare_request(operation.method.clone(), &path)).await;
            assert_refused(&refused, 401);
            check_answer(&document, &operation, &place, "401", &refused.body);
        }
        let answer = plane.ask(operation.method.clone(), &path, body.clone()).await;
        assert!(answer.status.is_success(), "{place} with {body}: {answer:?}");
        check_answer(&document, &operation, &place, answer.status.as_str(), &answer.body);
    }
}

/// Whatever route there is, also one that is added: what names a tenant in its path is not there for a key of another.
#[tokio::test]
async fn no_operation_on_a_tenant_is_for_a_key_of_another() {
    let plane = Plane::embedded().await;
    let document = Document::read();
    let other = plane.tenant("other-bank").await;
    let scopes = json!(["backoffice:tm:*:read", "backoffice:tm:*:write"]);
    let (key, _) =
        plane.operator_key(json!({ "name": "of another", "tenantId": other, "scopes": scopes })).await;
    let mut tried = 0;
    for (number, operation) in document.operations().into_iter().enumerate() {
        if !operation.path.contains("{tenantId}") {
            continue;
        }
        let path = prepared(&plane, &operation, number).await;
        let body = body(&plane, &document, &operation, number).await;
        let refused = plane.ask_as(&key, operation.method.clone(), &path, body).await;
        // That is about the cache of all tenants.
        let expected = if operation.path.ends_with("/cache/invalidate") { 403 } else { 404 };
        assert_eq!(refused.status, expected, "{} {path}: {refused:?}", operation.method);
        assert_refused(&refused, expected);
        tried += 1;
    }
    assert!(tried > 20, "{tried} operations name a tenant");
}

#[test]
fn every_example_of_an_answer_is_one() {
    let document = Document::read();
    for operation in document.operations() {
        let place = format!("{} {}", operation.method, operation.path);
        for (status, response) in operation.text["responses"].as_object().unwrap() {
            let content = &document.resolved(response)["content"]["application/json"];
            let given = content.get("example").cloned();
            for example in given.into_iter().chain(document.example(&content["schema"])) {
                // What is made of examples has only the fields that have one.
                let faults = document.faults(&example, &content["schema"], Way::Answer, &place);
                let faults = faults.into_iter().filter(|fault| !fault.contains(" is not in {"));
                let faults: Vec<_> = faults.filter(|fault| !fault.ends_with(": is only given")).collect();
                assert_eq!(faults, [] as [&str; 0], "{status}");
            }
        }
    }
}

/// Whether an answer is documented as it came.
fn check_answer(document: &Document, operation: &Operation<'_>, place: &str, status: &str, body: &Value) {
    let schema = document.answer(operation, status);
    assert!(!schema.is_null(), "{place}: the body of {status} is not in the document");
    assert_eq!(document.faults(body, schema, Way::Answer, place), [] as [&str; 0], "{status}");
}

/// A module with everything that it may have.
fn every_resource(document: &Document) -> Value {
    let put = document.operation("putModule").text;
    document.example(&put["requestBody"]["content"]["application/json"]["schema"]).expect("it has examples")
}

/// Where the association is that was prepared.
async fn association(number: usize, plane: &Plane) -> String {
    let found = plane.get(&format!("/v1/tenants?search=bank-{number}")).await;
    let id = found.body["items"][0]["id"].as_str().expect("a tenant");
    format!("/v1/tenants/{id}/associations/service-{number}")
}

fn body_schema<'a>(operation: &Operation<'a>) -> &'a Value {
    &operation.text["requestBody"]["content"]["application/json"]["schema"]
}

/// A body that the operation takes, made of the examples; `null` where it takes none.
pub(super) async fn body(
    plane: &Plane,
    document: &Document,
    operation: &Operation<'_>,
    number: usize,
) -> Value {
    let schema = body_schema(operation);
    if schema.is_null() {
        return Value::Null;
    }
    let mut body = document.example(schema).unwrap_or(json!({}));
    complete(&mut body, operation.id, number);
    if body.get("tenantId").is_some() {
        body["tenantId"] = json!(plane.tenant(&format!("bound-{number}")).await);
    }
    body
}

/// What no single example can say: names that must be new.
fn complete(body: &mut Value, operation: &str, number: usize) {
    match operation {
        "createTenant" => body["slug"] = json!(format!("documented-{number}")),
        "registerService" => body["name"] = json!(format!("documented-{number}")),
        "associate" => {
            *body = json!({ "isolationMode": body["isolationMode"], "maxOpenConns": body["maxOpenConns"] });
        }
        "putModule" => {
            for resource in ["postgresql", "postgresqlReplica", "rabbitmq", "kafka"] {
                body[resource]["password"] = json!("a password");
            }
            body["mongodb"]["uri"] = json!("mongodb://u:p@doc-1.int/");
            body["kafka"]["username"] = json!("bb");
        }
        "rotateCredentials" => body["password"] = json!("another password"),
        "createM2m" | "putM2m" => body["clientSecret"] = json!("a secret"),
        "createExternal" | "putExternal" => *body = json!({ "token": "a secret" }),
        "putSettings" => *body = json!({ "values": { "currency": "BRL" } }),
        _ => {}
    }
}

/// Brings about what the operation needs, and names it in the path.
pub(super) async fn prepared(plane: &Plane, operation: &Operation<'_>, number: usize) -> String {
    let (slug, service) = (format!("bank-{number}"), format!("service-{number}"));
    let mut path = operation.path.to_owned();
    let mut id = String::new();
    if path.contains("{tenantId}") && operation.id != "associate" {
        id = plane.associated(&slug, &service).await;
    } else if path.contains("{tenantId}") {
        plane.service(&service).await;
        id = plane.tenant(&slug).await;
    } else if path.contains("{service}") {
        plane.service(&service).await;
    }
    let association = format!("/v1/tenants/{id}/associations/{service}");
    path = path.replace("{application}", "matcher").replace("{target}", "fetcher");
    match operation.id {
        "deleteM2m" => {
            let client = json!({ "clientId": "c", "clientSecret": "s" });
            drop(plane.post(&path.replace("{tenantId}", &id), client).await);
        }
        "deleteExternal" => {
            drop(plane.post(&path.replace("{tenantId}", &id), json!({ "token": "t" })).await);
        }
        "reactivateTenant" => drop(plane.put(&format!("/v1/tenants/{id}/suspend"), Value::Null).await),
        "reactivateAssociation" | "purgeAssociation" => {
            drop(plane.put(&format!("{association}/suspend"), Value::Null).await);
        }
        _ => {}
    }
    if path.starts_with("/v1/api-keys/{keyId}") {
        path = path.replace("{keyId}", &plane.operator_key(json!({ "name": "ana" })).await.1);
    } else if path.contains("{keyId}") {
        path = path.replace("{keyId}", &plane.key(&service, json!({ "name": "pods" })).await.1);
    }
    let path = path.replace("{tenantId}", &id).replace("{service}", &service);
    let parameters = operation.text["parameters"].as_array();
    let needs_service =
        parameters.into_iter().flatten().any(|one| one["name"] == "service" && one["in"] == "query");
    let path = path.replace("{module}", "onboarding").replace("{key}", "some-key");
    match operation.id {
        _ if needs_service => format!("{path}?service={service}"),
        "clearCache" => format!("{path}?key=some-key"),
        "deleteCachePattern" => format!("{path}?pattern=m2m:*"),
        _ => path,
    }
}
