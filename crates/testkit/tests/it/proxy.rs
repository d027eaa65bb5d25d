//! The proxy breaks the network in the ways it promises.

use std::time::{Duration, Instant};

use testkit::{Proxy, Reply, Resp, ValkeyServer, wait_until};

async fn start() -> (ValkeyServer, Proxy) {
    let server = ValkeyServer::start().await;
    let proxy = Proxy::start(server.address()).await;
    (server, proxy)
}

async fn connect(proxy: &Proxy) -> Resp {
    Resp::connect(proxy.address()).await.expect("the proxy listens").with_limit(Duration::from_millis(500))
}

#[tokio::test]
async fn passes_and_counts() {
    let (_server, proxy) = start().await;
    let mut resp = connect(&proxy).await;
    let large = "x".repeat(1 << 20);
    assert_eq!(resp.command(&["SET", "a", &large]).await.text(), "OK");
    assert_eq!(resp.command(&["GET", "a"]).await.text().len(), 1 << 20);
    assert!(proxy.bytes_to_server() > 1 << 20 && proxy.bytes_to_client() > 1 << 20);
    assert_eq!((proxy.accepted(), proxy.open()), (1, 1));
    drop(resp);
    wait_until("the end of the connection", Duration::from_secs(2), || async { proxy.open() == 0 }).await;
}

#[tokio::test]
async fn delays_answers() {
    let (_server, proxy) = start().await;
    let mut resp = connect(&proxy).await;
    proxy.delay(Duration::from_millis(100)).await;
    let start = Instant::now();
    assert_eq!(resp.command(&["PING"]).await.text(), "PONG");
    assert!(start.elapsed() >= Duration::from_millis(100));
    proxy.pass().await;
    assert_eq!(resp.command(&["PING"]).await.text(), "PONG");
}

#[tokio::test]
async fn cuts_and_refuses_until_it_passes_again() {
    let (_server, proxy) = start().await;
    let mut resp = connect(&proxy).await;
    assert_eq!(resp.command(&["PING"]).await.text(), "PONG");
    proxy.cut().await;
    assert_eq!(proxy.open(), 0);
    assert!(resp.try_command(&["PING"]).await.is_err());
    assert!(Resp::connect(proxy.address()).await.is_err(), "refused");
    proxy.pass().await;
    assert_eq!(connect(&proxy).await.command(&["PING"]).await.text(), "PONG");
}

#[tokio::test]
async fn half_open_connections_stay_and_say_nothing() {
    let (_server, proxy) = start().await;
    let mut old = connect(&proxy).await;
    assert_eq!(old.command(&["PING"]).await.text(), "PONG");
    proxy.half_open().await;
    let mut new = connect(&proxy).await;
    for resp in [&mut old, &mut new] {
        let error = resp.try_command(&["PING"]).await.expect_err("no answer");
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut, "not closed, only silent");
    }
    assert_eq!(proxy.open(), 2);
    proxy.pass().await;
    wait_until("the end of what lost bytes", Duration::from_secs(2), || async { proxy.open() == 0 }).await;
    assert_eq!(connect(&proxy).await.command(&["PING"]).await.text(), "PONG");
}

#[tokio::test]
async fn cuts_between_execution_and_answer() {
    let (server, proxy) = start().await;
    let mut direct = server.connect().await;

    let mut resp = connect(&proxy).await;
    proxy.cut_replies_once();
    assert!(resp.try_command(&["INCR", "a"]).await.is_err());
    assert_eq!(direct.command(&["GET", "a"]).await.text(), "1");
    assert_eq!(connect(&proxy).await.command(&["INCR", "a"]).await, Reply::Integer(2));

    let mut resp = connect(&proxy).await;
    proxy.cut_after_request(2);
    assert_eq!(resp.command(&["INCR", "a"]).await, Reply::Integer(3));
    assert!(resp.try_command(&["INCR", "a"]).await.is_err());
    assert_eq!(direct.command(&["GET", "a"]).await.text(), "4");

    proxy.cut_replies_to(b"the-key", 1);
    let mut resp = connect(&proxy).await;
    assert_eq!(resp.command(&["INCR", "a"]).await, Reply::Integer(5));
    assert!(resp.try_command(&["INCR", "the-key"]).await.is_err());
    assert_eq!(direct.command(&["GET", "the-key"]).await.text(), "1");
    assert_eq!(proxy.cuts(), 3);
}

#[tokio::test]
async fn sends_new_connections_to_another_server() {
    let (first, proxy) = start().await;
    let second = ValkeyServer::start().await;
    first.fill([("a".to_owned(), "first".to_owned())]).await;
    second.fill([("a".to_owned(), "second".to_owned())]).await;
    assert_eq!(connect(&proxy).await.command(&["GET", "a"]).await.text(), "first");
    proxy.set_upstream(second.address());
    assert_eq!(connect(&proxy).await.command(&["GET", "a"]).await.text(), "second");
}

#[tokio::test]
async fn a_delay_is_one_of_time_and_not_of_throughput() {
    let (_server, proxy) = start().await;
    let mut resp = connect(&proxy).await.with_limit(Duration::from_secs(10));
    let large = "x".repeat(2 << 20);
    assert_eq!(resp.command(&["SET", "a", &large]).await.text(), "OK");
    proxy.delay(Duration::from_millis(100)).await;
    let start = Instant::now();
    assert_eq!(resp.command(&["GET", "a"]).await.text().len(), 2 << 20);
    // Thirty-two pieces and more: three seconds if one waited for the other.
    assert!(start.elapsed() < Duration::from_millis(1_500), "{:?}", start.elapsed());
}
