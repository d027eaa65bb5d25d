use std::time::Duration;

use axum::body::Body;
use domain::RateTier;
use http::{Method, Request, StatusCode};
use middleware::RateTiers;

use crate::test_service::{READER, TestService, WRITER};

fn at_most(limit: u64) -> TestService {
    let minute = Duration::from_secs(60);
    let tiers = [RateTier::Default, RateTier::Aggressive].into_iter();
    TestService::rate_limited(
        tiers.fold(RateTiers::default(), |tiers, tier| tiers.with(tier, limit, minute).unwrap()),
    )
}

fn request(method: Method, uri: &str, key: &str) -> Request<Body> {
    Request::builder().method(method).uri(uri).header("X-API-Key", key).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn a_caller_has_a_limit_of_its_own_for_each_tier_and_probes_have_none() {
    let service = at_most(2);
    for _ in 0..2 {
        let answer = service.get("/cache/keys").await;
        assert_eq!(
            (answer.status, &answer.headers["x-ratelimit-limit"]),
            (StatusCode::OK, &"2".parse().unwrap())
        );
    }
    let answer = service.get("/cache/keys").await;
    answer.error(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded");
    assert!(answer.headers.contains_key("retry-after"));
    // What has no route is limited as a read, whatever its method.
    let nowhere = service.call(request(Method::POST, "/nowhere", WRITER)).await;
    assert_eq!(nowhere.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(service.delete("/cache/keys/k").await.status, StatusCode::OK);
    assert_eq!(service.call(request(Method::GET, "/cache/keys", READER)).await.status, StatusCode::OK);
    // Who is nobody is refused before anything is counted.
    let stranger = service.call(request(Method::GET, "/cache/keys", "unknown")).await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
    assert!(!stranger.headers.contains_key("x-ratelimit-limit"));
    for path in ["/health", "/readyz", "/version"] {
        for _ in 0..5 {
            let answer = service.get(path).await;
            assert_eq!(answer.status, StatusCode::OK);
            assert!(!answer.headers.contains_key("x-ratelimit-limit"), "{path}");
        }
    }
}

#[tokio::test]
async fn a_write_with_a_key_is_done_once_and_counted_each_time() {
    let service = at_most(3);
    let write = |key: &str| {
        let mut request = request(Method::DELETE, "/cache/keys/k", key);
        request.headers_mut().insert("x-idempotency", "delete-17".parse().unwrap());
        request
    };
    let first = service.call(write(WRITER)).await;
    let again = service.call(write(WRITER)).await;
    assert_eq!((first.status, again.status), (StatusCode::OK, StatusCode::OK));
    assert_eq!(first.text, again.text);
    assert!(!first.headers.contains_key("x-idempotency-replayed"));
    assert_eq!(again.headers["x-idempotency-replayed"], "true");
    assert_ne!(first.headers["x-request-id"], again.headers["x-request-id"]);
    assert_eq!(first.headers["x-ratelimit-remaining"], "2");
    assert_eq!(again.headers["x-ratelimit-remaining"], "1");
    // Another caller means another write by the same key; this one may not write at all.
    service.call(write(READER)).await.error(StatusCode::FORBIDDEN, "FORBIDDEN");
}

#[tokio::test]
async fn a_deletion_with_a_key_is_no_stream_and_outlives_its_client() {
    let service = TestService::with_keys(&["ratelimit:a:1", "ratelimit:a:2"]).await;
    let write = || {
        let mut request = request(Method::DELETE, "/cache/pattern?pattern=ratelimit:a:*", WRITER);
        request.headers_mut().insert("accept", "text/event-stream".parse().unwrap());
        request.headers_mut().insert("x-idempotency", "delete-all".parse().unwrap());
        request
    };
    let first = service.call(write()).await;
    assert_eq!(first.headers["content-type"], "application/json");
    assert!(first.text.contains("\"deleted\":2"), "{}", first.text);
    let again = service.call(write()).await;
    assert_eq!((again.status, again.text), (StatusCode::OK, first.text));
}

/// A path that nothing takes must not hold a claim, nor a body that nobody reads.
#[tokio::test]
async fn what_has_no_route_claims_no_key() {
    let service = TestService::new();
    for (method, uri, status) in [
        (Method::POST, "/nowhere", StatusCode::NOT_FOUND),
        (Method::PATCH, "/cache/pattern", StatusCode::METHOD_NOT_ALLOWED),
    ] {
        for _ in 0..2 {
            let mut request = request(method.clone(), uri, WRITER);
            request.headers_mut().insert("x-idempotency", "k".parse().unwrap());
            let answer = service.call(request).await;
            assert_eq!(answer.status, status, "{uri}");
            assert!(!answer.headers.contains_key("x-idempotency-replayed"), "{uri}");
        }
    }
}
