//! What goes wrong inside.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use lapin::ErrorKind;

/// CONTENT_TOO_LARGE
const TOO_LARGE: u16 = 311;
/// ACCESS_REFUSED
const REFUSED: u16 = 403;
/// PRECONDITION_FAILED
const PRECONDITION: u16 = 406;
/// NOT_ALLOWED
const NOT_ALLOWED: u16 = 530;

#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum Fault {
    /// It closed the channel or the connection, for this reason.
    #[error("the broker says: {text} ({code})")]
    Broker { code: u16, text: String },
    #[error("the connection to the broker is broken")]
    Broken(#[source] Arc<io::Error>),
    #[error("the broker took the message and then refused it (basic.nack)")]
    Nacked,
    #[error("the broker gave no answer within {0:?}")]
    Silent(Duration),
    /// The broker is short of memory or disk.
    #[error("the broker takes no messages for now: {0}")]
    Blocked(String),
    #[error("the broker does not confirm messages any more")]
    Hangs,
    #[error("other messages are still waiting for the broker")]
    Busy,
    #[error("an earlier message of the batch was not taken")]
    Unsent,
    #[error("the routing key or the type of the message is longer than 255 bytes")]
    TooLong,
    #[error("the publisher was closed")]
    Closed,
    #[error("the connection to the broker was lost")]
    Lost,
    #[error("the driver failed: {0}")]
    Driver(String),
}

impl Fault {
    /// Whether the broker closed the channel because of what one message is.
    pub(super) fn is_of_a_message(&self) -> bool {
        matches!(self, Self::Broker { code: PRECONDITION | TOO_LARGE, .. })
    }

    /// Whether the broker does not allow the user what he asks for.
    pub(super) fn is_of_permission(&self) -> bool {
        matches!(self, Self::Broker { code: REFUSED, .. })
    }

    /// Whether something is there already, and is otherwise.
    pub(super) fn is_of_difference(&self) -> bool {
        matches!(self, Self::Broker { code: PRECONDITION, .. })
    }

    /// Whether there is no such virtual host, or not for this user. A host with too many connections will have room again.
    pub(super) fn is_of_virtual_host(&self) -> bool {
        matches!(self, Self::Broker { code: NOT_ALLOWED, text } if !text.contains("limit"))
    }

    /// Whether the broker's certificate is not accepted.
    pub(super) fn is_of_certificate(&self) -> bool {
        let Self::Broken(error) = self else { return false };
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        matches!(tls, Some(rustls::Error::InvalidCertificate(_)))
    }
}

impl From<lapin::Error> for Fault {
    fn from(error: lapin::Error) -> Self {
        match error.kind() {
            ErrorKind::ProtocolError(error) => {
                Self::Broker { code: error.get_id(), text: error.get_message().to_string() }
            }
            ErrorKind::IOError(error) | ErrorKind::RuntimeShutdownError(error) => {
                Self::Broken(Arc::clone(error))
            }
            _ => Self::Driver(error.to_string()),
        }
    }
}
