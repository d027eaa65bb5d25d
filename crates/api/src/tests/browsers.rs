//! What browsers are told.

use std::time::Duration;

use axum::body::Body;
use domain::RateTier;
use http::{HeaderMap, Method, Request, StatusCode, header};
use middleware::RateTiers;

use crate::test_service::{Answer, TestService, WRITER};
use crate::{Browsers, CorsOrigins, CorsPolicy};

const CONSOLE: &str = "https://console.example";

fn for_console(change: impl FnOnce(&mut CorsPolicy)) -> TestService {
    let mut policy = CorsPolicy::new(CorsOrigins::Exactly(vec![CONSOLE.parse().unwrap()]));
    change(&mut policy);
    let tiers = RateTiers::default().with(RateTier::Default, 1, Duration::from_secs(600)).unwrap();
    TestService::for_browsers(tiers, Browsers { cors: Some(policy), only_encrypted: false })
}

async fn preflight(service: &TestService, origin: &str) -> Answer {
    let request = Request::builder().method(Method::OPTIONS).uri("/v1/cache").header(header::ORIGIN, origin);
    let request = request.header(header::ACCESS_CONTROL_REQUEST_METHOD, "DELETE");
    let request = request.header(header::ACCESS_CONTROL_REQUEST_HEADERS, "x-api-key");
    service.call(request.body(Body::empty()).unwrap()).await
}

async fn get(service: &TestService, uri: &str, origin: &str) -> Answer {
    let request = Request::get(uri).header("X-API-Key", WRITER).header(header::ORIGIN, origin);
    service.call(request.body(Body::empty()).unwrap()).await
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

#[tokio::test]
async fn a_preflight_needs_no_key_and_takes_nothing_of_a_limit() {
    let service = for_console(|_| {});
    for _ in 0..10 {
        let answer = preflight(&service, CONSOLE).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(text(&answer.headers, "access-control-allow-origin"), CONSOLE);
        assert!(text(&answer.headers, "access-control-allow-methods").contains("DELETE"));
        for header in ["authorization", "content-type", "x-api-key", "x-idempotency", "x-request-id", "x-ttl"]
        {
            assert!(text(&answer.headers, "access-control-allow-headers").contains(header), "{header}");
        }
        assert_eq!(text(&answer.headers, "access-control-allow-credentials"), "");
    }
    assert_eq!(get(&service, "/v1/cache/keys", CONSOLE).await.status, StatusCode::OK);
}

#[tokio::test]
async fn pages_may_read_answers_also_those_that_refuse() {
    let service = for_console(|policy| policy.credentials = true);
    for status in [StatusCode::OK, StatusCode::TOO_MANY_REQUESTS] {
        let answer = get(&service, "/v1/cache/keys", CONSOLE).await;
        assert_eq!(answer.status, status);
        assert_eq!(text(&answer.headers, "access-control-allow-origin"), CONSOLE);
        assert_eq!(text(&answer.headers, "access-control-allow-credentials"), "true");
        assert!(text(&answer.headers, "vary").contains("origin"));
        for header in ["x-request-id", "ratelimit", "x-idempotency-replayed", "retry-after"] {
            assert!(text(&answer.headers, "access-control-expose-headers").contains(header), "{header}");
        }
    }
}

#[tokio::test]
async fn pages_of_other_origins_are_not_let_in() {
    let service = for_console(|_| {});
    for origin in
        ["https://evil.example", "https://console.example.evil.example", "http://console.example", "null"]
    {
        let answer = preflight(&service, origin).await;
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{origin}");
    }
    let any = CorsPolicy::new(CorsOrigins::Any);
    let browsers = Browsers { cors: Some(any), only_encrypted: false };
    let service = TestService::for_browsers(RateTiers::default(), browsers);
    let answer = preflight(&service, "https://evil.example").await;
    assert_eq!(text(&answer.headers, "access-control-allow-origin"), "*");
}

#[tokio::test]
async fn without_a_policy_nothing_is_told_to_pages() {
    let service = TestService::new();
    let answer = preflight(&service, CONSOLE).await;
    answer.error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED");
    let answer = get(&service, "/v1/cache/keys", CONSOLE).await;
    assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control")));
}

#[tokio::test]
async fn every_answer_says_what_may_be_done_with_it() {
    let service = TestService::new();
    for uri in ["/v1/cache/keys", "/v1/none", "/health", "/readyz", "/openapi.json", "/docs/"] {
        let headers = service.get(uri).await.headers;
        assert_eq!(text(&headers, "x-content-type-options"), "nosniff", "{uri}");
        assert_eq!(text(&headers, "referrer-policy"), "no-referrer", "{uri}");
        assert_eq!(text(&headers, "x-frame-options"), "DENY", "{uri}");
        assert!(text(&headers, "content-security-policy").contains("frame-ancestors 'none'"), "{uri}");
        assert!(!headers.contains_key("strict-transport-security"), "{uri}");
        let is_document = ["/openapi.json", "/docs/"].contains(&uri);
        let (kept, loads) = if is_document { ("no-cache", "'self'") } else { ("no-store", "'none'") };
        assert_eq!(text(&headers, "cache-control"), kept, "{uri}");
        assert!(
            text(&headers, "content-security-policy").starts_with(&format!("default-src {loads}")),
            "{uri}"
        );
    }
    let browsers = Browsers { cors: None, only_encrypted: true };
    let service = TestService::for_browsers(RateTiers::default(), browsers);
    let headers = service.get("/v1/none").await.headers;
    assert_eq!(text(&headers, "strict-transport-security"), "max-age=31536000");
}
