//! Every operation of the OpenAPI document, with the examples it gives.

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::plane::Plane;

/// The document, and what follows its references.
struct Document(Value);

/// One operation.
struct Operation<'a> {
    method: Method,
    path: &'a str,
    id: &'a str,
    text: &'a Value,
}

impl Document {
    fn read() -> Self {
        Self(serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap())
    }

    fn operations(&self) -> Vec<Operation<'_>> {
        let paths = self.0["paths"].as_object().unwrap().iter();
        let operations = paths.flat_map(|(path, methods)| {
            methods.as_object().unwrap().iter().map(|(method, text)| Operation {
                method: method.to_uppercase().parse().unwrap(),
                path,
                id: text["operationId"].as_str().unwrap(),
                text,
            })
        });
        operations.collect()
    }

    /// A module with everything that it may have.
    fn every_resource(&self) -> Value {
        let operations = self.operations();
        let put = operations.iter().find(|operation| operation.id == "putModule").expect("it is documented");
        let schema = &put.text["requestBody"]["content"]["application/json"]["schema"];
        let mut body = self.example(schema).expect("it has examples");
        complete(&mut body, put.id, 0);
        body
    }

    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => self.0.pointer(reference.trim_start_matches('#')).unwrap(),
            None => schema,
        }
    }

    /// A value with every example that the schema gives, and all that it needs.
    fn example(&self, schema: &Value) -> Option<Value> {
        let schema = self.resolved(schema);
        if let Some(example) = schema.get("example").or_else(|| schema["examples"].get(0)) {
            return Some(example.clone());
        }
        if let Some(one) = schema["oneOf"].as_array() {
            return one.iter().find(|one| one["type"] != "null").and_then(|one| self.example(one));
        }
        if is_of(schema, "object") {
            let properties = schema["properties"].as_object()?;
            let values =
                properties.iter().filter_map(|(name, schema)| Some((name.clone(), self.example(schema)?)));
            let values: Map<String, Value> = values.collect();
            return (!values.is_empty()).then_some(Value::Object(values));
        }
        if is_of(schema, "array") {
            return self.example(&schema["items"]).map(|one| json!([one]));
        }
        None
    }

    /// Types, and the fields that must be there.
    fn check(&self, value: &Value, schema: &Value, place: &str) {
        let schema = self.resolved(schema);
        if let Some(one) = schema["oneOf"].as_array() {
            let fitting = one.iter().find(|one| (one["type"] == "null") == value.is_null());
            return self.check(
                value,
                fitting.unwrap_or_else(|| panic!("{place}: {value} fits nothing")),
                place,
            );
        }
        if !schema["type"].is_null() {
            let kind = match value {
                Value::Null => "null",
                Value::Bool(_) => "boolean",
                Value::Number(_) => "integer",
                Value::String(_) => "string",
                Value::Array(_) => "array",
                Value::Object(_) => "object",
            };
            assert!(is_of(schema, kind), "{place}: {value} is not {}", schema["type"]);
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            assert!(value.get(name.as_str().unwrap()).is_some(), "{place}: {name} is not in {value}");
        }
        // An object that is described by nothing is free.
        let is_described = schema.get("properties").or_else(|| schema.get("additionalProperties")).is_some();
        for (name, value) in value.as_object().into_iter().flatten().filter(|_| is_described) {
            let known = schema["properties"].get(name).or_else(|| schema.get("additionalProperties"));
            let known = known.unwrap_or_else(|| panic!("{place}: {name} is not in the document"));
            self.check(value, known, &format!("{place}.{name}"));
        }
        for item in value.as_array().into_iter().flatten() {
            self.check(item, &schema["items"], &format!("{place}[]"));
        }
    }
}

fn is_of(schema: &Value, kind: &str) -> bool {
    match &schema["type"] {
        Value::Array(kinds) => kinds.iter().any(|known| known == kind),
        one => one == kind,
    }
}

#[tokio::test]
async fn every_operation_takes_and_gives_what_the_document_says() {
    let plane = Plane::embedded().await;
    let document = Document::read();
    for (number, operation) in document.operations().into_iter().enumerate() {
        let place = format!("{} {}", operation.method, operation.path);
        let path = prepared(&plane, &operation, number).await;
        if operation.id == "getConnections" {
            let module = path.replace("/connections", "/modules/onboarding");
            let given = plane.put(&module, document.every_resource()).await;
            assert_eq!(given.status, 200, "{given:?}");
        }
        let schema = &operation.text["requestBody"]["content"]["application/json"]["schema"];
        let mut body =
            if schema.is_null() { Value::Null } else { document.example(schema).unwrap_or(json!({})) };
        complete(&mut body, operation.id, number);
        let answer = plane.ask(operation.method.clone(), &path, body.clone()).await;
        assert!(answer.status.is_success(), "{place} with {body}: {answer:?}");
        let response = &operation.text["responses"][answer.status.as_str()];
        assert!(!response.is_null(), "{place}: {} is not in the document", answer.status);
        document.check(&answer.body, &response["content"]["application/json"]["schema"], &place);
    }
}

/// What no single example can say: names that must be new, and secrets, which are not in examples.
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
async fn prepared(plane: &Plane, operation: &Operation<'_>, number: usize) -> String {
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
    if path.contains("{keyId}") {
        path = path.replace("{keyId}", &plane.key(&service, json!({ "name": "pods" })).await.1);
    }
    let path = path.replace("{tenantId}", &id).replace("{service}", &service);
    let path = path.replace("{module}", "onboarding").replace("{key}", "some-key");
    match operation.id {
        "listActiveTenants" | "getSettings" | "putSettings" => format!("{path}?service={service}"),
        "clearCache" => format!("{path}?key=some-key"),
        "deleteCachePattern" => format!("{path}?pattern=m2m:*"),
        _ => path,
    }
}
