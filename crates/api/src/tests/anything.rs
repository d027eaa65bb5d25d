//! Whatever is sent, to whichever operation: an answer of the documented form, and never a fault of ours.

use axum::body::Body;
use http::{Method, Request, header};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestCaseResult;
use serde_json::{Map, Value};
use tokio::runtime::Runtime;

use crate::openapi_document;
use crate::test_service::{Answer, TestService, WRITER};

/// An operation of the document that needs a key.
struct Operation {
    method: Method,
    path: String,
}

/// The operations, and every name that a body may have somewhere.
fn documented() -> (Vec<Operation>, Vec<String>) {
    let document: Value = serde_json::from_str(&openapi_document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().iter();
        let methods = methods.filter(|(_, operation)| !operation["security"].is_null());
        methods.map(|(method, _)| Operation {
            method: method.to_uppercase().parse().unwrap(),
            path: path.clone(),
        })
    });
    let operations = operations.collect();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let fields = schemas.values().filter_map(|schema| schema["properties"].as_object());
    (operations, fields.flat_map(Map::keys).cloned().collect())
}

/// Any JSON, with those names among those of its fields.
fn any_json(fields: Vec<String>) -> impl Strategy<Value = Value> {
    let texts = prop_oneof![
        any::<String>(),
        "[ -~]{0,12}",
        prop::sample::select(vec![
            "staging",
            "isolated",
            "ledger",
            "postgresql",
            "2027-01-31T08:00:00Z",
            "a@b"
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        texts.prop_map(Value::from),
    ];
    let name = prop_oneof![9 => prop::sample::select(fields), 1 => any::<String>()];
    leaf.prop_recursive(5, 48, 8, move |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            4 => prop::collection::btree_map(name.clone(), inner, 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// The path with these bytes in every place that has a name.
fn filled(path: &str, segments: &[Vec<u8>]) -> String {
    let mut segments = segments.iter().cycle();
    let fill = |part: &str| match part.starts_with('{') {
        true => segments
            .next()
            .map_or_else(String::new, |bytes| percent_encode(bytes, NON_ALPHANUMERIC).to_string()),
        false => part.to_owned(),
    };
    path.split('/').map(fill).collect::<Vec<_>>().join("/")
}

/// Names that are something, and bytes that are nothing.
fn any_segments() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let segment = prop_oneof![
        "[a-z0-9]{1,9}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 1..12),
        Just(vec![b'a'; 300]),
    ];
    prop::collection::vec(segment, 1..4)
}

fn check(operation: &Operation, answer: &Answer) -> TestCaseResult {
    let Answer { status, headers, text } = answer;
    let place = format!("{} {}: {status} {text}", operation.method, operation.path);
    prop_assert!(status.as_u16() < 500, "{}", place);
    if !status.is_success() && *status != http::StatusCode::NOT_MODIFIED {
        prop_assert_eq!(&headers[header::CONTENT_TYPE], "application/json", "{}", place);
        let body: Value = serde_json::from_str(text).unwrap_or_default();
        prop_assert!(body["code"].is_string() && body["message"] == body["error"], "{}", place);
    }
    prop_assert!(headers.contains_key("x-request-id"), "{}", place);
    Ok(())
}

fn cases(number: u32) -> ProptestConfig {
    ProptestConfig { cases: number, ..ProptestConfig::default() }
}

#[test]
fn any_json_is_taken_or_refused() {
    let (operations, fields) = documented();
    let runtime = Runtime::new().unwrap();
    let service = runtime.block_on(async { TestService::new() });
    proptest!(cases(1_500), |(which: Index, segments in any_segments(), body in any_json(fields))| {
        let operation = which.get(&operations);
        let answer = runtime.block_on(service.send(operation.method.clone(), &filled(&operation.path, &segments), &body.to_string()));
        check(operation, &answer)?;
    });
}

#[test]
fn any_bytes_and_headers_are_taken_or_refused() {
    let (operations, _fields) = documented();
    let runtime = Runtime::new().unwrap();
    let service = runtime.block_on(async { TestService::new() });
    let names = [
        "x-request-id",
        "x-idempotency",
        "x-ttl",
        "if-none-match",
        "last-event-id",
        "content-type",
        "accept",
    ];
    let header = (prop::sample::select(names.to_vec()), prop::collection::vec(any::<u8>(), 0..40));
    let headers = prop::collection::vec(header, 0..4);
    let name = prop::sample::select(vec![
        "key",
        "keyBase64",
        "pattern",
        "cursor",
        "limit",
        "page",
        "after",
        "service",
        "dryRun",
        "all",
        "confirm",
        "search",
        "status",
        "environment",
        "tenantId",
        "reveal",
        "preserveData",
    ]);
    let query = prop::collection::vec((name, prop::collection::vec(any::<u8>(), 0..12)), 0..4);
    proptest!(cases(1_500), |(which: Index, segments in any_segments(), query in query, headers in headers, body: Vec<u8>)| {
        let operation = which.get(&operations);
        let query: Vec<_> =
            query.iter().map(|(name, value)| format!("{name}={}", percent_encode(value, NON_ALPHANUMERIC))).collect();
        let uri = format!("{}?{}", filled(&operation.path, &segments), query.join("&"));
        let mut request = Request::builder().method(operation.method.clone()).uri(uri).header("X-API-Key", WRITER);
        for (name, value) in headers {
            if let Ok(value) = http::HeaderValue::from_bytes(&value) {
                request = request.header(name, value);
            }
        }
        let answer = runtime.block_on(service.call(request.body(Body::from(body)).unwrap()));
        check(operation, &answer)?;
    });
}
