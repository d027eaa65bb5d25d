//! The OpenAPI document and its page.

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
    let mut ids = std::collections::BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let place = format!("{method} {path}");
            let is_probe = operation["tags"][0] == "probes";
            let scopes = operation["security"][0]["apiKey"].as_array().map_or(0, Vec::len);
            assert_eq!(scopes, usize::from(!is_probe), "{place}");
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.keys().any(|status| status.starts_with('2')), "{place}");
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(format!("{method} {id}")), "{place}: {id} is there twice");
        }
    }
    assert!(ids.len() > 40, "{}", ids.len());
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
