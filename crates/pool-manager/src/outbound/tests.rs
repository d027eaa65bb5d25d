//! Against servers on this machine.

use std::net::SocketAddr;

use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use testkit::CertificateAuthority;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

fn with(rules: HostRules, look_up: LookUp) -> OutboundHttp {
    let authority = CertificateAuthority::generate();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    let tls = trust::of(roots).unwrap();
    OutboundHttp::with(rules, look_up, Client::builder().use_preconfigured_tls(tls)).unwrap()
}

fn local() -> OutboundHttp {
    with(HostRules::LOCAL, guarded_resolver::of_the_system)
}

/// A server that answers everybody with this, and keeps the connection open.
async fn server(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4_096]).await;
            let _ = stream.write_all(&answer).await;
            open.push(stream);
        }
    });
    url
}

async fn fetched(answer: impl Into<Vec<u8>>) -> Result<Bytes, OutboundError> {
    local().get(&server(answer.into()).await).await
}

#[tokio::test]
async fn a_success_is_read_whole() {
    let body = fetched("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nkeys").await.unwrap();
    assert_eq!(body, "keys");
    let body =
        fetched("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nke\r\n2\r\nys\r\n0\r\n\r\n").await;
    assert_eq!(body.unwrap(), "keys");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let redirect = "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n";
    assert!(matches!(fetched(redirect).await, Err(OutboundError::Status(status)) if status == 302));
}

#[tokio::test]
async fn an_answer_without_end_is_given_up() {
    let announced = "HTTP/1.1 200 OK\r\ncontent-length: 1048577\r\n\r\n";
    assert!(matches!(fetched(announced).await, Err(OutboundError::TooLong { .. })));
    let mut unannounced = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..17 {
        unannounced.extend_from_slice(b"10000\r\n");
        unannounced.extend(std::iter::repeat_n(b' ', 0x10000));
        unannounced.extend_from_slice(b"\r\n");
    }
    assert!(matches!(fetched(unannounced).await, Err(OutboundError::TooLong { .. })));
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_given_up() {
    let begun = std::time::Instant::now();
    let partly = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nke";
    assert!(matches!(fetched(partly).await, Err(OutboundError::TooSlow { .. })));
    assert!(begun.elapsed() < TIME_LIMIT * 3);
}

#[tokio::test]
async fn no_more_at_once_than_there_are_places() {
    let http = local();
    let url = server(Vec::new()).await;
    let open: Vec<_> = (0..MAX_AT_ONCE)
        .map(|_| {
            let (http, url) = (http.clone(), url.clone());
            tokio::spawn(async move { http.get(&url).await })
        })
        .collect();
    testkit::wait_for("all places to be taken", TIME_LIMIT, async || match http.places.available_permits() {
        0 => Ok(()),
        free => Err(free.to_string()),
    })
    .await;
    assert!(matches!(http.get(&url).await, Err(OutboundError::Busy)));
    open.into_iter().for_each(|task| task.abort());
}

#[test]
fn urls_that_lead_astray_are_refused_before_anything_is_asked() {
    let refused = |url: &str| check(HostRules::DEPLOYED, url).unwrap_err().to_string();
    for url in [
        "https://169.254.169.254/latest",
        "https://2852039166/",
        "https://0xa9.0xfe.0xa9.0xfe/",
        "https://0251.0376.0251.0376/",
        "https://[::ffff:169.254.169.254]/",
        "https://metadata.google.internal/",
        "https://%31%36%39.254.169.254/",
        "https://①⑥⑨.254.169.254/",
    ] {
        assert_eq!(refused(url), "the host must not be a metadata service of a cloud", "{url}");
    }
    for url in ["https://localhost/", "https://127.1/", "https://[::1]:8080/"] {
        assert_eq!(refused(url), "the host must not be a loopback address", "{url}");
    }
    assert!(refused("https://user@idp.int/").contains("user"));
    assert!(refused("https://:hunter2@idp.int/").contains("password"));
    for url in ["http://idp.int/", "http://127.0.0.1.nip.io/", "ftp://idp.int/", "file:///etc/passwd", "idp"]
    {
        assert!(check(HostRules::DEPLOYED, url).is_err(), "{url}");
    }
    assert!(
        check(HostRules::DEPLOYED, "https://idp.int/keys").is_ok()
            && check(HostRules::DEPLOYED, "https://10.0.0.7/").is_ok()
    );
    assert!(check(HostRules::LOCAL, "http://idp.int/").is_err(), "in clear text from this machine only");
}

#[tokio::test]
async fn a_name_that_resolves_to_the_machine_is_refused() {
    fn mixed(_: String) -> guarded_resolver::Answer {
        let addresses = ["10.0.0.7:0", "127.0.0.1:0"].map(|text| text.parse::<SocketAddr>().unwrap());
        Box::pin(async move { Ok(addresses.to_vec()) })
    }
    let outcome = with(HostRules::DEPLOYED, mixed).get("https://idp.int/keys").await;
    assert!(matches!(outcome, Err(OutboundError::Host(HostFault::Loopback))), "{outcome:?}");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_not_believed() {
    let url = server(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()).await.replace("http://", "https://");
    assert!(matches!(local().get(&url).await, Err(OutboundError::Failed(_))));
}
