use axum::body::Body;
use http::{Method, Request, StatusCode};

use crate::test_service::{NOBODY, READER, TestService};

async fn as_caller(
    service: &TestService,
    method: Method,
    uri: &str,
    key: Option<&str>,
) -> crate::test_service::Answer {
    let mut request = Request::builder().method(method).uri(uri);
    if let Some(key) = key {
        request = request.header("X-API-Key", key);
    }
    service.call(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn every_route_but_the_probes_needs_a_key() {
    let service = TestService::new();
    for (method, uri) in [
        (Method::GET, "/cache"),
        (Method::GET, "/v1/cache/keys"),
        (Method::DELETE, "/cache/keys/a"),
        (Method::POST, "/cache/pattern?pattern=a"),
        (Method::GET, "/no/such/route"),
    ] {
        for key in [None, Some("unknown")] {
            as_caller(&service, method.clone(), uri, key)
                .await
                .error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED");
        }
    }
}

#[tokio::test]
async fn reading_does_not_allow_deleting() {
    let service = TestService::with_keys(&["ratelimit:a:b"]).await;
    assert_eq!(as_caller(&service, Method::GET, "/cache", Some(READER)).await.status, StatusCode::OK);
    for (method, uri) in [
        (Method::DELETE, "/cache?key=ratelimit:a:b"),
        (Method::DELETE, "/cache?all=true&confirm=true"),
        (Method::DELETE, "/cache/keys/ratelimit:a:b"),
        (Method::DELETE, "/v1/cache/ratelimit:a:b"),
        (Method::DELETE, "/cache/pattern?pattern=ratelimit:*"),
        (Method::POST, "/cache/pattern?pattern=ratelimit:*"),
    ] {
        let message =
            as_caller(&service, method, uri, Some(READER)).await.error(StatusCode::FORBIDDEN, "FORBIDDEN");
        assert!(message.contains("backoffice:tm:cache:write"), "{message}");
    }
    assert!(service.exists("ratelimit:a:b").await);
}

#[tokio::test]
async fn a_key_without_scopes_reads_nothing() {
    let service = TestService::new();
    for uri in ["/cache", "/cache?key=a", "/cache/keys", "/cache/keys/a", "/cache/a"] {
        as_caller(&service, Method::GET, uri, Some(NOBODY)).await.error(StatusCode::FORBIDDEN, "FORBIDDEN");
    }
}
