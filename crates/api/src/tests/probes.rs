use axum::body::Body;
use cache::CacheClient;
use http::{Request, StatusCode};

use crate::test_service::{Answer, TestService};

async fn probe(service: &TestService, uri: &str) -> Answer {
    service.call(Request::builder().uri(uri).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn probes_need_no_key() {
    let service = TestService::new();
    for uri in ["/health", "/health/live", "//health"] {
        let answer = probe(&service, uri).await;
        assert_eq!((answer.status, &answer.json()["status"]), (StatusCode::OK, &"healthy".into()), "{uri}");
    }
    let version = probe(&service, "/version").await.json();
    assert_eq!(version["version"], "1.2.3");
    assert_eq!(version["requestDate"], "2026-01-01T00:00:00Z");
    for uri in ["/health/ready", "/readyz"] {
        let answer = probe(&service, uri).await;
        assert_eq!(
            (answer.status, &answer.json()["checks"]["redis"]["status"]),
            (StatusCode::OK, &"up".into())
        );
    }
}

#[tokio::test(start_paused = true)]
async fn readiness_outlives_the_cache_and_ends_with_the_process() {
    let service = TestService::new();
    assert_eq!(probe(&service, "/readyz").await.json()["status"], "healthy");
    service.cache.close().await;
    tokio::time::advance(std::time::Duration::from_millis(250)).await;
    let answer = probe(&service, "/health/ready").await;
    assert_eq!((answer.status, &answer.json()["status"]), (StatusCode::OK, &"degraded".into()));
    service.readiness.begin_draining();
    let answer = probe(&service, "/readyz").await;
    assert_eq!((answer.status, &answer.json()["draining"]), (StatusCode::SERVICE_UNAVAILABLE, &true.into()));
    assert_eq!(probe(&service, "/health/live").await.status, StatusCode::OK);
}
