//! Clients that send too slowly, too much, or without end.

use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt;

use super::{Edge, Socket, answer, send};
use crate::support::KEY;

const MIB: usize = 1_024 * 1_024;
/// The limit of a head is 10 s.
const HEAD: std::ops::Range<u64> = 8..20;

async fn both() -> [Edge; 2] {
    [Edge::plain().await, Edge::encrypted().await]
}

fn write(headers: &str) -> String {
    format!(
        "POST /v1/tenants HTTP/1.1\r\nhost: pool\r\nx-api-key: {KEY}\r\ncontent-type: application/json\r\n{headers}\r\n\r\n"
    )
}

/// Sends a byte a second of a head that never ends, and tells after how many seconds the connection did.
async fn loris(mut socket: Box<dyn Socket>) -> u64 {
    let begun = Instant::now();
    send(&mut socket, "GET /health HTTP/1.1\r\nhost: pool\r\nx-").await;
    loop {
        let mut byte = [0];
        match tokio::time::timeout(Duration::from_secs(1), socket.read(&mut byte)).await {
            Ok(_) => return begun.elapsed().as_secs(),
            Err(_nothing) if send(&mut socket, "a").await => {}
            Err(_nothing) => return begun.elapsed().as_secs(),
        }
        assert!(begun.elapsed().as_secs() < 60, "it goes on and on");
    }
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_given_up() {
    let [plain, encrypted] = both().await;
    let (first, second) = tokio::join!(loris(plain.connect().await), loris(encrypted.connect().await));
    assert!(HEAD.contains(&first) && HEAD.contains(&second), "{first} {second}");
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_given_up() {
    let edge = Edge::encrypted().await;
    let begun = Instant::now();
    let ended = tokio::time::timeout(Duration::from_secs(60), edge.tcp().await.read(&mut [0])).await;
    assert!(matches!(ended, Ok(Ok(0) | Err(_))), "{ended:?}");
    assert!(HEAD.contains(&begun.elapsed().as_secs()));
}

#[tokio::test]
async fn a_head_without_end_is_cut_off() {
    for edge in both().await {
        let mut socket = edge.connect().await;
        send(&mut socket, "GET /health HTTP/1.1\r\nhost: pool\r\nx-long: ").await;
        let mut sent = 0;
        while sent < MIB && send(&mut socket, &"a".repeat(16_384)).await {
            sent += 16_384;
        }
        let text = answer(&mut socket).await;
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 431"), "{text}");
        // Sent is not read: what waits in the buffers of both sockets counts, too.
        assert!(sent <= MIB);
        let mut next = edge.connect().await;
        send(&mut next, "GET /health HTTP/1.1\r\nhost: pool\r\n\r\n").await;
        assert!(answer(&mut next).await.starts_with("HTTP/1.1 200"), "others are served");
    }
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_announced_or_not() {
    for edge in both().await {
        let mut socket = edge.connect().await;
        send(&mut socket, &write(&format!("content-length: {}", MIB + 1))).await;
        let text = answer(&mut socket).await;
        assert!(text.starts_with("HTTP/1.1 413"), "{text}");

        let mut socket = edge.connect().await;
        send(&mut socket, &write("transfer-encoding: chunked")).await;
        let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
        for _ in 0..17 {
            send(&mut socket, &chunk).await;
        }
        let text = answer(&mut socket).await;
        assert!(text.starts_with("HTTP/1.1 413"), "{text}");
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let [plain, encrypted] = both().await;
    let slow = async |edge: &Edge| {
        let mut socket = edge.connect().await;
        send(&mut socket, &write("content-length: 100")).await;
        send(&mut socket, "{").await;
        answer(&mut socket).await
    };
    let (first, second) = tokio::join!(slow(&plain), slow(&encrypted));
    assert!(first.starts_with("HTTP/1.1 408") && second.starts_with("HTTP/1.1 408"), "{first} {second}");
}
