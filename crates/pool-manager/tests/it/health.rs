//! `health`: a container asks itself.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::response::Redirect;
use axum::routing::get;
use futures::stream;
use testkit::{CertificateAuthority, PortLease};

use crate::support::{PATIENCE, Process, run, text};

/// Of a service that listens at `address`.
fn health(address: &str, arguments: &[&str], more: &[(&str, &str)]) -> (Option<i32>, String) {
    let directory = tempfile::tempdir().unwrap();
    let variables = [&[("SERVER_ADDRESS", address)], more].concat();
    let output = run(directory.path(), &variables, &[&["health"], arguments].concat());
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

#[tokio::test]
async fn a_service_that_serves_is_well_and_ready() {
    let directory = tempfile::tempdir().unwrap();
    let process = Process::start(directory.path(), &[("READYZ_DRAIN_GRACE_SECONDS", "20")]).await;
    process.wait_until_ready().await;
    let address = process.base.trim_start_matches("http://");
    let (code, output) = health(address, &[], &[]);
    assert_eq!((code, output.contains("healthy")), (Some(0), true), "{output}");
    assert_eq!(health(address, &["--ready"], &[]).0, Some(0));
    let port = address.rsplit(':').next().unwrap();
    assert_eq!(health(&format!(":{port}"), &[], &[]).0, Some(0), "of the address that stands for all");

    process.signal("TERM");
    testkit::wait_until("readiness to fail", PATIENCE, async || {
        health(address, &["--ready"], &[]).0 == Some(1)
    })
    .await;
    let (code, output) = health(address, &[], &[]);
    assert_eq!(code, Some(0), "it lives on while it drains: {output}");
}

#[tokio::test]
async fn a_service_that_is_away_or_nowhere_is_not_well() {
    let nobody = PortLease::claim();
    let (code, output) = health(&nobody.address().to_string(), &[], &[]);
    assert_eq!(code, Some(1), "{output}");
    assert!(output.contains("the service gives no answer"), "{output}");
    let (code, output) = health(":0", &[], &[]);
    assert_eq!((code, output.contains("SERVER_PORT")), (Some(64), true), "{output}");
}

#[tokio::test]
async fn an_answer_from_elsewhere_or_without_end_is_not_taken() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let elsewhere = Router::new().route("/health", get(|| async { Redirect::temporary("/version") })).route(
        "/readyz",
        get(|| async { Body::from_stream(stream::repeat(Ok::<_, Infallible>("x".repeat(65_536)))) }),
    );
    let served = tokio::spawn(axum::serve(listener, elsewhere).into_future());
    let ask = |arguments: &'static [&'static str]| {
        let address = address.clone();
        tokio::task::spawn_blocking(move || health(&address, arguments, &[]))
    };
    let (code, output) = ask(&[]).await.unwrap();
    assert_eq!((code, output.contains("it answers 307")), (Some(1), true), "{output}");
    let (code, output) = ask(&["--ready"]).await.unwrap();
    assert_eq!((code, output.trim_end().len()), (Some(0), 65_536), "no more is kept than is printed");
    served.abort();
}

#[tokio::test]
async fn a_listener_with_tls_is_asked_with_tls() {
    let (directory, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let certificate = CertificateAuthority::generate().issue(files.path());
    let (certificate, key) =
        (certificate.certificate_file.display().to_string(), certificate.key_file.display().to_string());
    let tls = [("TLS_CERT_FILE", &*certificate), ("TLS_KEY_FILE", &*key)];
    let process = Process::start(directory.path(), &tls).await;
    let address = process.base.trim_start_matches("http://");
    let (code, output) = health(address, &[], &tls);
    assert_eq!(code, Some(0), "{output}");
    assert_eq!(health(address, &[], &[]).0, Some(1), "in clear text it is not");
}
