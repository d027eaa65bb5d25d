//! The cache is not there when the service starts.

use pool_manager::{Failure, Shutdown};
use testkit::{ValkeyOptions, ValkeyServer};
use tokio::net::TcpListener;

use crate::support::{Service, build};

#[tokio::test]
async fn it_listens_at_once_and_is_ready_when_the_cache_answered_once() {
    let server = ValkeyServer::start().await;
    server.kill();
    let address = server.address().to_string();
    let service = Service::start(&[("CACHE_MODE", "single"), ("CACHE_ADDRS", &address)]).await;

    assert_eq!(service.get("/health/live").await.status, 200);
    assert_eq!(service.get("/readyz").await.status, 503);
    let refused = service.get("/cache").await;
    assert_eq!(refused.status, 503);
    assert!(refused.body.to_string().contains(&address), "{refused:?}");

    server.restart().await;
    service.wait_until_ready().await;
    assert_eq!(service.get("/cache").await.status, 200);
}

#[tokio::test]
async fn wrong_credentials_end_it() {
    let options = ValkeyOptions { password: Some("right".to_owned()), ..ValkeyOptions::default() };
    let server = ValkeyServer::start_with(options).await;
    let address = server.address().to_string();
    let directory = tempfile::tempdir().unwrap();
    let app = build(
        directory.path(),
        &[("CACHE_MODE", "single"), ("CACHE_ADDRS", &address), ("CACHE_PASSWORD", "wrong")],
    )
    .await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let failure = app.serve(listener, Shutdown::new()).await.expect_err("a failure");
    assert!(matches!(failure, Failure::Cache(_)), "{failure:?}");
}
