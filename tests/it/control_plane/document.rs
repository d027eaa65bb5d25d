//! The OpenAPI document as a client reads it, and a strict check of bodies against it.

use reqwest::Method;
use serde_json::{Map, Value, json};

/// The document, and what follows its references.
pub(super) struct Document(Value);

/// One operation.
pub(super) struct Operation<'a> {
    pub(super) method: Method,
    pub(super) path: &'a str,
    /// Without what tells the other names of a route apart.
    pub(super) id: &'a str,
    pub(super) text: &'a Value,
}

/// Which way a body goes: a password is only given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Request,
    Answer,
}

impl Document {
    pub(super) fn read() -> Self {
        Self(serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap())
    }

    pub(super) fn operations(&self) -> Vec<Operation<'_>> {
        let paths = self.0["paths"].as_object().unwrap().iter();
        let operations = paths.flat_map(|(path, methods)| {
            methods.as_object().unwrap().iter().map(|(method, text)| Operation {
                method: method.to_uppercase().parse().unwrap(),
                path,
                id: text["operationId"].as_str().unwrap().split('_').next().unwrap(),
                text,
            })
        });
        operations.collect()
    }

    pub(super) fn operation(&self, id: &str) -> Operation<'_> {
        let found = self.operations().into_iter().find(|operation| operation.id == id);
        found.unwrap_or_else(|| panic!("{id} is not in the document"))
    }

    /// The schema of an answer's body; null where there is none.
    pub(super) fn answer<'a>(&'a self, operation: &Operation<'a>, status: &str) -> &'a Value {
        &self.resolved(&operation.text["responses"][status])["content"]["application/json"]["schema"]
    }

    pub(super) fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => self.0.pointer(reference.trim_start_matches('#')).unwrap(),
            None => schema,
        }
    }

    /// A value with every example that the schema gives, and all that it needs.
    pub(super) fn example(&self, schema: &Value) -> Option<Value> {
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

    /// What the schema does not allow: types, bounds, fields that must be there, and fields that it does not know.
    pub(super) fn faults(&self, value: &Value, schema: &Value, way: Way, place: &str) -> Vec<String> {
        let schema = self.resolved(schema);
        if let Some(one) = schema["oneOf"].as_array() {
            let fitting = one.iter().find(|one| (one["type"] == "null") == value.is_null());
            return fitting.map_or_else(
                || vec![format!("{place}: {value} fits nothing")],
                |schema| self.faults(value, schema, way, place),
            );
        }
        let mut faults = Vec::new();
        if !schema["type"].is_null() && !is_of(schema, kind_of(value)) {
            faults.push(format!("{place}: {value} is not {}", schema["type"]));
        }
        let is_below =
            |bound: &Value| bound.as_f64().is_some_and(|bound| value.as_f64().is_some_and(|it| it < bound));
        let is_above =
            |bound: &Value| bound.as_f64().is_some_and(|bound| value.as_f64().is_some_and(|it| it > bound));
        if is_below(&schema["minimum"]) || is_above(&schema["maximum"]) {
            faults.push(format!("{place}: {value} is out of bounds"));
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if value.is_object() && value.get(name).is_none() {
                faults.push(format!("{place}: {name} is not in {value}"));
            }
        }
        // An object that is described by nothing is free.
        let is_described = schema.get("properties").or_else(|| schema.get("additionalProperties")).is_some();
        for (name, value) in value.as_object().into_iter().flatten().filter(|_| is_described) {
            let place = format!("{place}.{name}");
            let more = schema.get("additionalProperties").filter(|more| more.is_object());
            match schema["properties"].get(name).or(more) {
                Some(known) if way == Way::Answer && known["writeOnly"] == true => {
                    faults.push(format!("{place}: is only given"));
                }
                Some(known) => faults.extend(self.faults(value, known, way, &place)),
                None => faults.push(format!("{place}: is not in the document")),
            }
        }
        for item in value.as_array().into_iter().flatten() {
            faults.extend(self.faults(item, &schema["items"], way, &format!("{place}[]")));
        }
        faults
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn is_of(schema: &Value, kind: &str) -> bool {
    match &schema["type"] {
        Value::Array(kinds) => kinds.iter().any(|known| known == kind),
        one => one == kind,
    }
}

#[test]
fn what_the_document_does_not_know_is_found() {
    let document = Document::read();
    let put = document.operation("putModule").text;
    let given = &put["requestBody"]["content"]["application/json"]["schema"];
    let shown = &put["responses"]["200"]["content"]["application/json"]["schema"];
    let body = document.example(given).unwrap();
    let secret = "$.postgresql.password: is only given".to_owned();
    assert_eq!(document.faults(&body, given, Way::Request, "$"), [] as [&str; 0]);
    assert!(document.faults(&body, shown, Way::Answer, "$").contains(&secret));
    for (change, fault) in [
        (json!({ "postgres": {} }), "$.postgres: is not in the document"),
        (json!({ "postgresql": { "port": 0 } }), "$.postgresql.port: 0 is out of bounds"),
        (json!({ "postgresql": { "port": 1.5 } }), "$.postgresql.port: 1.5 is not \"integer\""),
        (json!({ "postgresql": { "user": "bb" } }), "$.postgresql.user: is not in the document"),
        (json!({ "kafka": {} }), "$.kafka: \"brokers\" is not in {}"),
    ] {
        let faults = document.faults(&change, given, Way::Request, "$");
        let fault = fault.replace("\"brokers\"", "brokers");
        assert!(faults.contains(&fault), "{fault} is not in {faults:?}");
    }
}
