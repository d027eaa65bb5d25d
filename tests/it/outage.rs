//! The cache goes away and comes back: `/cache` answers 503 within two seconds and names what is unreachable,
//! readiness says degraded with 200, and all heals by itself.

use reqwest::Method;
use testkit::{Proxy, ValkeyServer};

use crate::support::{PATIENCE, Service};

async fn is_down(service: &Service, address: &str) {
    let refused = service.quick(Method::GET, "/cache", "").await;
    assert_eq!(
        (refused.status.as_u16(), refused.content_type.as_str()),
        (503, "application/json"),
        "{refused:?}"
    );
    assert!(refused.body.to_string().contains(address), "{refused:?} names {address}");

    assert_eq!(service.quick(Method::GET, "/cache/keys", "").await.status, 503);
    // As many keys as one request may name, and their families' pattern.
    let keys: Vec<String> = (0..10_000).map(|number| format!("m2m:t:{number}")).collect();
    let keys = serde_json::json!({ "keys": keys }).to_string();
    for (path, body) in [("/cache", &*keys), ("/cache/pattern?pattern=m2m:*", "")] {
        let refused = service.quick(Method::DELETE, path, body).await;
        assert_eq!(refused.status, 503, "{path}: {refused:?}");
        assert!(refused.body.to_string().contains(address), "{path}: {refused:?}");
    }

    let ready = service.get("/readyz").await;
    assert_eq!((ready.status.as_u16(), ready.body["status"].as_str()), (200, Some("degraded")), "{ready:?}");
    assert_eq!(ready.body["checks"]["redis"]["status"], "down");
    assert_eq!(service.get("/health").await.status, 200);
}

async fn heals(service: &Service) {
    testkit::wait_for("the cache to answer again", PATIENCE, async || {
        let stats = service.get("/cache").await;
        let ready = service.get("/readyz").await;
        let is_well = stats.status == 200 && ready.body["checks"]["redis"]["status"] == "up";
        if is_well { Ok(()) } else { Err(format!("{stats:?} {ready:?}")) }
    })
    .await;
}

#[tokio::test]
async fn a_killed_server_is_named_and_comes_back() {
    let server = ValkeyServer::start().await;
    let address = server.address().to_string();
    let service = Service::with_cache("single", &address).await;
    server.kill();
    is_down(&service, &address).await;
    server.restart().await;
    heals(&service).await;
}

#[tokio::test]
async fn a_hung_server_is_named_and_comes_back() {
    let server = ValkeyServer::start().await;
    let address = server.address().to_string();
    let service = Service::with_cache("single", &address).await;
    server.pause();
    is_down(&service, &address).await;
    server.resume();
    heals(&service).await;
}

#[tokio::test]
async fn a_cut_network_is_named_and_comes_back() {
    let server = ValkeyServer::start().await;
    let proxy = Proxy::start(server.address()).await;
    let address = proxy.address().to_string();
    let service = Service::with_cache("single", &address).await;
    proxy.cut().await;
    is_down(&service, &address).await;
    proxy.half_open().await;
    is_down(&service, &address).await;
    proxy.pass().await;
    heals(&service).await;
}

#[tokio::test]
async fn readiness_can_depend_on_the_cache() {
    let server = ValkeyServer::start().await;
    let address = server.address().to_string();
    let variables =
        [("CACHE_MODE", "single"), ("CACHE_ADDRS", &*address), ("READINESS_REQUIRES_CACHE", "true")];
    let service = Service::start(&variables).await;
    service.wait_until_ready().await;
    server.pause();
    testkit::wait_until("readiness to fail", PATIENCE, async || service.get("/readyz").await.status == 503)
        .await;
    assert_eq!(service.get("/health/live").await.status, 200);
    server.resume();
    service.wait_until_ready().await;
}
