//! With nothing configured.

use reqwest::Method;

use crate::support::{KEY, Service, answer};

#[tokio::test]
async fn an_empty_environment_works_end_to_end() {
    let service = Service::start(&[]).await;
    let stats = service.get("/cache").await;
    assert_eq!(stats.status, 200, "{stats:?}");
    assert_eq!(stats.body["mode"], "embedded");
    // The caller's API key, and its place in the rate limit.
    assert_eq!(stats.body["keys"], 2);
    let page = service.get("/v1/cache/keys").await;
    assert_eq!((page.status.as_u16(), page.body["cursor"].as_str()), (200, Some("0")));
    assert_eq!(service.get("/readyz").await.body["checks"]["redis"]["status"], "up");
    let version = service.get("/version").await;
    assert_eq!(version.body["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn probes_need_no_key_and_all_else_does() {
    let service = Service::start(&[]).await;
    for path in ["/health", "/health/live", "/health/ready", "/readyz", "/version"] {
        assert_eq!(answer(service.bare_request(Method::GET, path)).await.status, 200, "{path}");
    }
    for path in ["/cache", "/v1/cache/keys", "/cache/keys/k", "/nowhere"] {
        let refused = answer(service.bare_request(Method::GET, path)).await;
        assert_eq!(refused.status, 401, "{path}");
        assert_eq!(refused.content_type, "application/json");
        assert!(refused.body["code"].is_string() && refused.body["status"].is_null(), "{refused:?}");
        let wrong = answer(service.bare_request(Method::GET, path).header("X-API-Key", "another key")).await;
        assert_eq!((wrong.status.as_u16(), wrong.body), (401, refused.body), "{path}");
    }
    let right = answer(service.bare_request(Method::GET, "/cache").header("X-API-Key", KEY)).await;
    assert_eq!(right.status, 200);
}

#[tokio::test]
async fn every_refusal_is_json() {
    let service = Service::start(&[]).await;
    let huge = "x".repeat(2 * 1024 * 1024);
    let cases = [
        (404, service.request(Method::GET, "/nowhere")),
        (405, service.request(Method::PATCH, "/cache")),
        (415, service.request(Method::POST, "/cache/pattern").header("Content-Type", "text/plain").body("x")),
        (
            413,
            service
                .request(Method::POST, "/cache/pattern")
                .header("Content-Type", "application/json")
                .body(huge),
        ),
        (414, service.request(Method::GET, &format!("/cache/keys?pattern={}", "x".repeat(9_000)))),
        (414, service.request(Method::GET, &format!("/cache/keys?pattern={}", "x".repeat(60_000)))),
        (
            431,
            (0..90).fold(service.request(Method::GET, "/cache"), |request, i| {
                request.header(format!("x-{i}"), "v")
            }),
        ),
    ];
    for (status, request) in cases {
        let refused = answer(request).await;
        assert_eq!((refused.status.as_u16(), refused.content_type.as_str()), (status, "application/json"));
        assert!(refused.body["code"].is_string() && refused.body["message"].is_string(), "{refused:?}");
    }
}

#[tokio::test]
async fn leading_slashes_are_folded() {
    let service = Service::start(&[]).await;
    assert_eq!(service.get("//v1/cache").await.status, 200);
}
