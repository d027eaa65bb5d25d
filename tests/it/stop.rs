//! Stopping.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{KEY, PATIENCE, Service};

#[tokio::test]
async fn readiness_fails_first_and_open_requests_finish() {
    let mut service = Service::start(&[("READYZ_DRAIN_GRACE_SECONDS", "2")]).await;
    let mut open = TcpStream::connect(service.address()).await.unwrap();
    let head = format!(
        "DELETE /cache/pattern HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\ncontent-type: application/json\r\n\
         content-length: 17\r\n\r\n{{\"pattern\":"
    );
    open.write_all(head.as_bytes()).await.unwrap();
    // The server reads the head before the stop begins.
    assert_eq!(service.get("/readyz").await.status, 200);

    service.shutdown.begin();
    testkit::wait_until("readiness to fail", PATIENCE, async || service.get("/readyz").await.status == 503)
        .await;
    let draining = service.get("/readyz").await;
    assert_eq!(draining.body["draining"], true, "{draining:?}");
    assert_eq!(service.get("/cache").await.status, 200, "requests are served in the grace");

    testkit::wait_until("connections to be refused", PATIENCE, async || {
        TcpStream::connect(service.address()).await.is_err()
    })
    .await;
    open.write_all(b"\"a:*\"}").await.unwrap();
    let mut answer = String::new();
    open.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    tokio::time::timeout(PATIENCE, &mut service.task).await.expect("it ends").unwrap().unwrap();
}

#[tokio::test]
async fn a_second_word_stops_at_once() {
    let mut service = Service::start(&[("READYZ_DRAIN_GRACE_SECONDS", "600")]).await;
    assert_eq!(service.get("/readyz").await.status, 200);
    service.shutdown.begin();
    service.shutdown.at_once();
    tokio::time::timeout(Duration::from_secs(5), &mut service.task).await.expect("it ends").unwrap().unwrap();
}
