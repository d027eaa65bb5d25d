use cache::{Cache, CacheClient, CacheError, CacheHandle};
use http::{Method, StatusCode};

use crate::Limits;
use crate::test_service::TestService;

const ROUTES: [(Method, &str); 6] = [
    (Method::GET, "/cache"),
    (Method::GET, "/cache?key=a"),
    (Method::GET, "/cache/keys"),
    (Method::DELETE, "/cache/keys/a"),
    (Method::DELETE, "/cache?all=true&confirm=true"),
    (Method::POST, "/cache/pattern?pattern=a*"),
];

#[tokio::test]
async fn without_a_connection_every_route_names_what_is_away() {
    let handle = CacheHandle::connecting(["10.0.0.7:6379".to_owned()]);
    let service = TestService::over(&handle, Cache::embedded(), &Limits::default());
    for (method, uri) in ROUTES {
        let message =
            service.send(method, uri, "").await.error(StatusCode::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE");
        assert!(message.contains("10.0.0.7:6379"), "{uri}: {message}");
    }
    handle
        .failed(CacheError::Unavailable { node: "h:1".to_owned(), reason: "detail of a driver".to_owned() });
    let message = service.get("/cache").await.error(StatusCode::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE");
    assert!(message.contains("h:1") && !message.contains("driver"), "{message}");
}

#[tokio::test]
async fn a_closed_cache_is_not_available() {
    let service = TestService::new();
    service.cache.close().await;
    for (method, uri) in ROUTES {
        service.send(method, uri, "").await.error(StatusCode::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE");
    }
}
