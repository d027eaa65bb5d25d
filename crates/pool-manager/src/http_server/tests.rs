//! Whole connections, with short limits.

use std::error::Error;
use std::io;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::Instant;
use tower::service_fn as tower_service;

use super::*;

const REQUEST: &str = "GET / HTTP/1.1\r\nhost: pool\r\n\r\n";

#[tokio::test]
async fn a_peer_that_never_reads_loses_its_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    // Far more to answer than the buffers of both sockets hold.
    client.write_all(REQUEST.repeat(500).as_bytes()).await.unwrap();

    let service = tower_service(async |_: Request<Incoming>| {
        Ok::<_, Infallible>(Response::new(Body::from(vec![0; 128 * 1024])))
    });
    let limits = Limits { head: Duration::from_secs(60), write: Duration::from_millis(200) };
    let served = timeout(Duration::from_secs(30), connection(server, service, limits)).await;

    let error = served.expect("the connection ends by itself").unwrap_err();
    let cause = error.source().and_then(|source| source.downcast_ref::<io::Error>()).map(io::Error::kind);
    assert_eq!(cause, Some(io::ErrorKind::TimedOut), "{error:?}");
}

#[tokio::test]
async fn a_request_says_where_it_came_from() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = tower_service(async |request: Request<Incoming>| {
        let peer = request.extensions().get::<PeerAddress>().map(|peer| peer.0.to_string());
        Ok::<_, Infallible>(Response::new(Body::from(peer.unwrap_or_default())))
    });
    let stop = CancellationToken::new();
    let served = tokio::spawn(serve(
        listener,
        service,
        stop.clone(),
        CancellationToken::new(),
        Duration::from_secs(30),
    ));

    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(REQUEST.as_bytes()).await.unwrap();
    let answer = timeout(Duration::from_secs(30), read_until(&mut client, "127.0.0.1")).await;
    assert!(answer.expect("the address is told").starts_with("HTTP/1.1 200"));
    drop(client);
    stop.cancel();
    served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_byte_sent_during_a_stream_starts_no_head_timer() {
    let (mut client, server) = duplex(64 * 1024);
    let limits = Limits { head: Duration::from_secs(10), write: Duration::from_secs(30) };
    let service = tower_service(async |_: Request<Incoming>| {
        let events = tokio_stream::StreamExt::throttle(
            tokio_stream::iter((0..4).map(|_| Ok::<_, Infallible>(Bytes::from_static(b"data: x\n\n")))),
            Duration::from_secs(8),
        );
        Ok::<_, Infallible>(Response::new(Body::from_stream(events)))
    });
    let server = tokio::spawn(async move { connection(server, service, limits).await });

    let (first, rest) = REQUEST.split_at(1);
    let started = Instant::now();
    client.write_all(REQUEST.as_bytes()).await.unwrap();
    read_until(&mut client, "\r\n\r\n").await;
    client.write_all(first.as_bytes()).await.unwrap();
    read_until(&mut client, "\r\n0\r\n\r\n").await;
    assert!(started.elapsed() > limits.head * 2, "the stream went on beyond the limit");

    client.write_all(rest.as_bytes()).await.unwrap();
    let second = read_until(&mut client, "\r\n0\r\n\r\n").await;
    assert!(second.starts_with("HTTP/1.1 200"), "{second}");

    drop(client);
    server.await.unwrap().unwrap();
}

/// Byte by byte, so that nothing past `end` is taken.
async fn read_until(client: &mut (impl AsyncReadExt + Unpin), end: &str) -> String {
    let mut text = String::new();
    while !text.ends_with(end) {
        text.push(char::from(client.read_u8().await.unwrap()));
    }
    text
}
