//! Certificates of the listener.

use testkit::CertificateAuthority;

use super::{Edge, answer, send};
use crate::support::PATIENCE;

const PROBE: &str = "GET /health HTTP/1.1\r\nhost: pool\r\n\r\n";

#[tokio::test]
async fn a_new_certificate_is_for_new_connections() {
    let edge = Edge::encrypted().await;
    let mut open = edge.connect().await;
    send(&mut open, PROBE).await;
    let first = answer(&mut open).await;
    assert!(first.starts_with("HTTP/1.1 200"), "{first}");
    assert!(first.contains("strict-transport-security: max-age="), "{first}");

    let authority = CertificateAuthority::generate();
    authority.issue(edge.directory.path());
    testkit::wait_for("the new certificate", PATIENCE, async || {
        edge.connect_trusting(&authority).await.map(|_| ()).ok_or("the old one is still shown".to_owned())
    })
    .await;
    send(&mut open, PROBE).await;
    assert!(answer(&mut open).await.starts_with("HTTP/1.1 200"), "an open connection goes on");
    let former = edge.authority.as_ref().unwrap();
    assert!(edge.connect_trusting(former).await.is_none());
    drop(open);
    edge.stop().await;
}

#[tokio::test]
async fn whoever_speaks_in_clear_text_is_not_answered() {
    let edge = Edge::encrypted().await;
    let mut clear = Box::new(edge.tcp().await) as Box<dyn super::Socket>;
    send(&mut clear, PROBE).await;
    assert!(!answer(&mut clear).await.contains("HTTP"));
    edge.stop().await;
}
