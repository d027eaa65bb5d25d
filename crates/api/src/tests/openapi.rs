//! The OpenAPI document and its page.

use std::collections::BTreeSet;

use http::{Request, StatusCode, header};
use serde_json::Value;

use crate::openapi_document;
use crate::test_service::TestService;

fn document() -> Value {
    serde_json::from_str(&openapi_document()).unwrap()
}

#[test]
fn the_document_that_is_checked_in_is_that_of_the_code() {
    let checked_in = include_str!("../../../../docs/openapi.json");
    assert!(checked_in == openapi_document(), "docs/openapi.json is old: run cargo xtask openapi");
}

#[test]
fn every_operation_says_what_it_needs_and_answers() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut ids = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let place = format!("{method} {path}");
            let is_probe = operation["tags"][0] == "probes";
            let scopes = operation["security"][0]["apiKey"].as_array().map_or(0, Vec::len);
            assert_eq!(scopes, usize::from(!is_probe), "{place}");
            let responses = operation["responses"].as_object().unwrap();
            assert_eq!(responses.contains_key("401"), !is_probe, "{place}");
            assert!(responses.keys().any(|status| status.starts_with('2')), "{place}");
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(format!("{method} {id}")), "{place}: {id} is there twice");
        }
    }
    assert!(ids.len() > 40, "{}", ids.len());
}

/// What layers and readers answer whatever an operation does.
#[test]
fn every_operation_says_how_it_is_refused() {
    let document = document();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap();
            let needs_key = !operation["security"].is_null();
            let is_write = needs_key && method != "get";
            let reads_body = !operation["requestBody"].is_null();
            for (statuses, is_so) in [
                (["413", "414", "431", "500", "503"].as_slice(), true),
                (&["401", "403", "429"], needs_key),
                (&["400", "408", "409", "422"], is_write),
                (&["400", "408", "415"], reads_body),
            ] {
                for status in statuses.iter().filter(|_| is_so) {
                    assert!(responses.contains_key(*status), "{method} {path}: {status}");
                }
            }
            for (status, response) in responses {
                let Some(reference) = response["$ref"].as_str() else { continue };
                let response = document.pointer(reference.trim_start_matches('#')).unwrap();
                let schema = &response["content"]["application/json"]["schema"]["$ref"];
                assert_eq!(schema, "#/components/schemas/ErrorOut", "{method} {path}: {status}");
            }
        }
    }
}

/// A query has texts, and a body is there or not: nothing of either is `null`.
#[test]
fn what_is_asked_for_is_never_null() {
    for methods in document()["paths"].as_object().unwrap().values() {
        for operation in methods.as_object().unwrap().values() {
            let id = &operation["operationId"];
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            for parameter in parameters.filter(|parameter| parameter["in"] == "query") {
                assert!(!parameter["schema"].to_string().contains("null"), "{id}: {parameter}");
            }
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            assert!(body.is_null() || body["$ref"].is_string(), "{id}: {body}");
        }
    }
}

/// What describes the others: the document itself, and its page.
const OF_THE_DOCUMENT: [&str; 4] = ["/openapi.json", "/docs", "/docs/", "/docs/{*rest}"];

/// The paths of a router, which only its `Debug` tells.
fn paths_of(router: &str) -> BTreeSet<String> {
    let own = router.split("fallback_router").next().unwrap_or_default();
    let paths = own.split("RouteId(").filter_map(|entry| entry.split_once("): \"")?.1.split_once('"'));
    paths.map(|(path, _rest)| path.to_owned()).collect()
}

#[tokio::test]
async fn every_route_is_in_the_document() {
    let service = TestService::new();
    let served = paths_of(&format!("{:?}", service.service));
    let document = document();
    let documented = document["paths"].as_object().unwrap();
    let mut expected: BTreeSet<String> = documented.keys().cloned().collect();
    expected.extend(OF_THE_DOCUMENT.map(str::to_owned));
    assert_eq!(served, expected);
    for (path, methods) in documented {
        let refused = service.send(http::Method::TRACE, path, "").await;
        assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        let allowed = refused.headers[header::ALLOW].to_str().unwrap().to_lowercase();
        // axum answers HEAD where there is a GET.
        let allowed = allowed.split(',').map(str::trim).filter(|method| *method != "head");
        let allowed: BTreeSet<&str> = allowed.collect();
        assert_eq!(allowed, methods.as_object().unwrap().keys().map(String::as_str).collect(), "{path}");
    }
}

#[test]
fn older_names_are_marked() {
    let document = document();
    let mut older = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for operation in methods.as_object().unwrap().values() {
            if operation["deprecated"] == true {
                older.insert(path.as_str());
            }
        }
    }
    let expected = [
        "/cache/{key}",
        "/tenants/active",
        "/tenants/{tenantId}/associations/{service}/connections",
        "/tenants/{tenantId}/services/{service}/settings",
        "/tenants/{tenantId}/settings",
        "/v1/cache/{key}",
        "/v1/tenants/{tenantId}/services/{service}/connections",
    ];
    assert_eq!(older, expected.into());
}

#[tokio::test]
async fn document_and_page_need_neither_key_nor_network() {
    let service = TestService::new();
    let get = async |path: &str| {
        let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
        service.call(request).await
    };
    let json = get("/openapi.json").await;
    assert_eq!((json.status, json.json()), (StatusCode::OK, document()));
    let page = get("/docs/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
    assert!(!page.text.contains("http://") && !page.text.contains("https://"), "{}", page.text);
    for asset in ["/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js", "/docs/swagger-initializer.js"] {
        assert_eq!(get(asset).await.status, StatusCode::OK, "{asset}");
    }
    assert!(get("/docs/swagger-initializer.js").await.text.contains("/openapi.json"));
}
