//! Whole connections, with short limits.

use std::error::Error;
use std::io;

use bytes::Bytes;
use middleware::ClientAddress;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use testkit::CertificateAuthority;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
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
    let server = WriteDeadline::new(server, Duration::from_millis(200));
    let connection = connection(server, service, Duration::from_secs(60));
    let served = timeout(Duration::from_secs(30), connection).await;

    let error = served.expect("the connection ends by itself").unwrap_err();
    let cause = error.source().and_then(|source| source.downcast_ref::<io::Error>()).map(io::Error::kind);
    assert_eq!(cause, Some(io::ErrorKind::TimedOut), "{error:?}");
}

#[tokio::test]
async fn a_request_says_where_it_came_from() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = tower_service(async |request: Request<Incoming>| {
        let peer = request.extensions().get::<ClientAddress>().map(|peer| peer.0.to_string());
        Ok::<_, Infallible>(Response::new(Body::from(peer.unwrap_or_default())))
    });
    let stop = CancellationToken::new();
    let served = served(listener, None, service, &stop);

    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(REQUEST.as_bytes()).await.unwrap();
    let answer = timeout(Duration::from_secs(30), read_until(&mut client, "127.0.0.1")).await;
    assert!(answer.expect("the address is told").starts_with("HTTP/1.1 200"));
    drop(client);
    stop.cancel();
    served.await.unwrap();
}

#[tokio::test]
async fn over_tls_too_a_peer_that_never_reads_loses_its_connection() {
    let (authority, certificates, _directory) = certificates();
    let (mut client, server) = both_ends().await;
    let service = tower_service(async |_: Request<Incoming>| {
        Ok::<_, Infallible>(Response::new(Body::from(vec![0; 128 * 1024])))
    });
    let served = tokio::spawn(async move {
        let server = WriteDeadline::new(server, Duration::from_millis(200));
        let server = certificates.greet(server).await.unwrap();
        connection(server, service, Duration::from_secs(60)).await
    });
    let mut client =
        connector(&authority).connect("localhost".try_into().unwrap(), &mut client).await.unwrap();
    client.write_all(REQUEST.repeat(500).as_bytes()).await.unwrap();
    client.flush().await.unwrap();
    let error =
        timeout(Duration::from_secs(30), served).await.expect("it ends by itself").unwrap().unwrap_err();
    let cause = error.source().and_then(|source| source.downcast_ref::<io::Error>()).map(io::Error::kind);
    assert_eq!(cause, Some(io::ErrorKind::TimedOut), "{error:?}");
}

#[tokio::test]
async fn idle_connections_of_one_address_keep_nobody_else_out() {
    let (authority, certificates, _directory) = certificates();
    for certificates in [None, Some(certificates)] {
        let is_encrypted = certificates.is_some();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = tower_service(async |_: Request<Incoming>| {
            Ok::<_, Infallible>(Response::new(Body::from("a probe is answered")))
        });
        let stop = CancellationToken::new();
        let served = served(listener, certificates, service, &stop);
        let mut idle = Vec::new();
        // More than there are places, and more than the queue of the kernel takes beside them.
        for _ in 0..300 {
            idle.push(timeout(Duration::from_secs(30), TcpStream::connect(address)).await.unwrap().unwrap());
        }
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        let mut probe = socket.connect(address).await.unwrap();
        let answer = if is_encrypted {
            let mut probe =
                connector(&authority).connect("localhost".try_into().unwrap(), probe).await.unwrap();
            ask(&mut probe).await
        } else {
            ask(&mut probe).await
        };
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        drop(idle);
        stop.cancel();
        served.await.unwrap();
    }
}

#[tokio::test]
async fn a_handshake_that_is_not_done_does_not_hold_up_a_stop() {
    let (_authority, certificates, _directory) = certificates();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service =
        tower_service(async |_: Request<Incoming>| Ok::<_, Infallible>(Response::new(Body::empty())));
    let stop = CancellationToken::new();
    let served = served(listener, Some(certificates), service, &stop);
    let mut silent = TcpStream::connect(address).await.unwrap();
    silent.write_all(&[22, 3, 1]).await.unwrap();
    stop.cancel();
    timeout(HEAD_LIMIT / 2, served).await.expect("it stops at once").unwrap();
}

#[tokio::test]
async fn whoever_a_trusted_proxy_names_is_the_client() {
    for (trusted, expected) in [("127.0.0.0/8", "192.0.2.7"), ("10.0.0.0/8", "127.0.0.1")] {
        let proxies = Arc::new(TrustedProxies::new([trusted.parse().unwrap()]));
        let service = tower_service(async |request: Request<Incoming>| {
            let client = request.extensions().get::<ClientAddress>().map(|client| client.0.to_string());
            Ok::<_, Infallible>(Response::new(Body::from(client.unwrap_or_default())))
        });
        let (mut client, server) = both_ends().await;
        let service = told_of(server.peer_addr().unwrap().ip(), proxies, service);
        tokio::spawn(async move { connection(server, service, HEAD_LIMIT).await });
        let request = "GET / HTTP/1.1\r\nhost: pool\r\nx-forwarded-for: 192.0.2.7\r\n\r\n";
        client.write_all(request.as_bytes()).await.unwrap();
        let answer = timeout(Duration::from_secs(30), read_until(&mut client, expected)).await;
        assert!(answer.expect("the address is told").starts_with("HTTP/1.1 200"));
    }
}

/// A server with few places.
fn served<S>(
    listener: TcpListener,
    certificates: Option<Certificates>,
    service: S,
    stop: &CancellationToken,
) -> tokio::task::JoinHandle<()>
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
{
    let limits = ConnectionLimits { all: 50, of_address: 30 };
    let listening = Listening { listener, certificates, proxies: Arc::default(), limits };
    tokio::spawn(serve(listening, service, stop.clone(), CancellationToken::new(), Duration::from_secs(30)))
}

async fn both_ends() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (client, listener.accept().await.unwrap().0)
}

/// A certificate of an authority of its own; the files live as long as the directory.
fn certificates() -> (CertificateAuthority, Certificates, tempfile::TempDir) {
    let (authority, directory) = (CertificateAuthority::generate(), tempfile::tempdir().unwrap());
    let issued = authority.issue(directory.path());
    let files = crate::config::TlsFiles { certificate: issued.certificate_file, key: issued.key_file };
    let clock = Arc::new(domain::ManualClock::new(std::time::SystemTime::UNIX_EPOCH));
    let (certificates, _renewal) = tls::load(&files, clock).unwrap();
    (authority, certificates, directory)
}

/// A client that trusts the authority.
fn connector(authority: &CertificateAuthority) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    TlsConnector::from(Arc::new(builder.unwrap().with_root_certificates(roots).with_no_client_auth()))
}

async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> String {
    stream.write_all(REQUEST.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    timeout(Duration::from_secs(30), read_until(stream, "answered")).await.expect("an answer in time")
}

#[tokio::test(start_paused = true)]
async fn a_byte_sent_during_a_stream_starts_no_head_timer() {
    let (mut client, server) = duplex(64 * 1024);
    let head_limit = Duration::from_secs(10);
    let service = tower_service(async |_: Request<Incoming>| {
        let events = tokio_stream::StreamExt::throttle(
            tokio_stream::iter((0..4).map(|_| Ok::<_, Infallible>(Bytes::from_static(b"data: x\n\n")))),
            Duration::from_secs(8),
        );
        Ok::<_, Infallible>(Response::new(Body::from_stream(events)))
    });
    let server = tokio::spawn(async move { connection(server, service, head_limit).await });

    let (first, rest) = REQUEST.split_at(1);
    let started = Instant::now();
    client.write_all(REQUEST.as_bytes()).await.unwrap();
    read_until(&mut client, "\r\n\r\n").await;
    client.write_all(first.as_bytes()).await.unwrap();
    read_until(&mut client, "\r\n0\r\n\r\n").await;
    assert!(started.elapsed() > head_limit * 2, "the stream went on beyond the limit");

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
