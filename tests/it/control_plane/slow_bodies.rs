//! Callers that announce a body and do not send it: they must not take the places of others.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::plane::Plane;
use crate::support::{KEY, Service};

/// Sends the head of a request with a body that does not come.
async fn head(service: &Service, method: &str, path: &str, key: &str) -> TcpStream {
    let mut stream = TcpStream::connect(service.address()).await.unwrap();
    let head =
        format!("{method} {path} HTTP/1.1\r\nHost: a\r\nX-API-Key: {key}\r\nContent-Length: 100\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

async fn status(stream: &mut TcpStream) -> String {
    let mut line = [0; 12];
    let read = tokio::time::timeout(Duration::from_secs(5), stream.read_exact(&mut line)).await;
    read.expect("an answer").unwrap();
    String::from_utf8_lossy(&line[9..]).into_owned()
}

#[tokio::test]
async fn a_list_waits_for_no_body() {
    let service = Service::start(&[]).await;
    service.wait_until_healthy().await;
    assert_eq!(status(&mut head(&service, "GET", "/v1/tenants", KEY).await).await, "200");
}

#[tokio::test]
async fn one_caller_has_some_on_their_way_and_others_go_on() {
    let plane = Plane { service: Service::start(&[]).await };
    plane.service("ledger").await;
    let scopes = json!({ "name": "slow", "scopes": ["backoffice:tm:tenants:write"] });
    let (key, _) = plane.key("ledger", scopes).await;
    let mut open = Vec::new();
    for _ in 0..64 {
        open.push(head(&plane.service, "POST", "/v1/tenants", &key).await);
    }
    testkit::wait_for("the place of the next", Duration::from_secs(5), async || {
        let found = status(&mut head(&plane.service, "POST", "/v1/tenants", &key).await).await;
        if found == "429" { Ok(()) } else { Err(found) }
    })
    .await;
    plane.tenant("of-another-caller").await;
}
