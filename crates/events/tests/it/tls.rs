//! TLS, by name.

use events::rabbitmq::{ConnectError, Published, RabbitConfig, RabbitConfigError, RabbitPublisher};
use testkit::CertificateAuthority;

use crate::support::{chain, config, controlled, message, publisher};

fn trusting(uri: &str, authority: &str) -> RabbitConfig {
    RabbitConfig { ca_certificate_pem: Some(authority.as_bytes().to_vec()), ..config(uri) }
}

#[tokio::test]
async fn only_the_given_authority_is_trusted() {
    let (broker, authority) = controlled().await;
    let uri = broker.tls_uri();
    let trusted = publisher(&trusting(&uri, authority)).await;
    assert_eq!(trusted.publish(message(b"{}")).await.unwrap(), Published::Unroutable);
    for config in [config(&uri), trusting(&uri, CertificateAuthority::generate().pem())] {
        let error = RabbitPublisher::new(&config).unwrap().connect().await.unwrap_err();
        let shown = chain(&error);
        assert!(matches!(error, ConnectError::Certificate(_)) && error.is_misconfiguration(), "{shown}");
    }
}

#[tokio::test]
async fn what_is_no_certificate_is_refused_at_once() {
    let pem = Some(b"no certificate".to_vec());
    let config = RabbitConfig { ca_certificate_pem: pem, ..config("amqps://localhost/%2f") };
    let refused = RabbitPublisher::new(&config).map(drop).unwrap_err();
    assert_eq!(refused, RabbitConfigError::CertificatePem);
}
