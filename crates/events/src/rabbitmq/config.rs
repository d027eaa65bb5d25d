//! How to publish.

use std::time::Duration;

use super::uri::RabbitUri;

/// Everything that a [`RabbitPublisher`](super::RabbitPublisher) needs.
#[derive(Debug, Clone)]
pub struct RabbitConfig {
    /// Where the broker is.
    pub uri: RabbitUri,
    /// The topic exchange. It is made, durable, where there is none.
    pub exchange: String,
    /// PEM certificates of the authority to trust instead of the system's; used with `amqps` only.
    pub ca_certificate_pem: Option<Vec<u8>>,
    /// How long to wait for a connection, and for the confirms of messages that were sent together.
    pub patience: Duration,
    /// How often a silent broker gives a sign of life; after twice as long the connection counts as lost. A `heartbeat` in the
    /// URI goes before it. Whole seconds.
    pub heartbeat: Duration,
    /// The most messages of a batch that wait for their confirms at once.
    pub in_flight: usize,
}

impl RabbitConfig {
    /// The defaults.
    pub fn new(uri: RabbitUri) -> Self {
        Self {
            uri,
            exchange: "tenant-events".to_owned(),
            ca_certificate_pem: None,
            patience: Duration::from_secs(5),
            heartbeat: Duration::from_secs(10),
            in_flight: 256,
        }
    }
}

/// Why a configuration cannot work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RabbitConfigError {
    /// No exchange may have this name.
    #[error("the exchange must have a name of 1 to 255 bytes")]
    Exchange,
    /// The certificate of the authority cannot be read.
    #[error("the certificate of the broker's authority is not PEM")]
    CertificatePem,
    /// The system trusts nobody.
    #[error("the system has no certificates of authorities to trust")]
    NoSystemRoots,
}
