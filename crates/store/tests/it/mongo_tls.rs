//! TLS to a MongoDB server. The stand-in for one speaks none, so another TLS server stands there: whether it is trusted shows
//! before a word of the protocol is spoken.

use std::error::Error;

use store::{MongoSettings, MongoStore};
use testkit::TlsServer;

use crate::mongo::clock;

/// Why a connection was not made, with all causes.
async fn failure(server: &TlsServer, ca_certificate_pem: Option<String>) -> String {
    let uri = format!("mongodb://{}/?tls=true", server.endpoint());
    let settings = MongoSettings { ca_certificate_pem, ..MongoSettings::new(uri, "records") };
    let refused = MongoStore::connect(settings, clock()).await.map(drop).unwrap_err();
    let mut text = refused.to_string();
    let mut cause = refused.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

#[tokio::test]
async fn only_the_given_authority_is_trusted() {
    let server = TlsServer::start().await;
    let stranger = failure(&server, None).await;
    assert!(stranger.contains("certificate"), "{stranger}");
    let known = failure(&server, Some(server.authority().pem().to_owned())).await;
    assert!(!known.contains("certificate"), "{known}");
}
