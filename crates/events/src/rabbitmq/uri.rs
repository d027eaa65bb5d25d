//! Where the broker is, and as whom it is used.

use std::fmt;
use std::str::FromStr;

use lapin::uri::{AMQPScheme, AMQPUri};

/// The most bytes of a name in the protocol.
pub(super) const LONGEST_NAME: usize = 255;

/// `amqp://user:password@host:5672/vhost`, or `amqps://` for TLS. Percent signs encode what a URI cannot hold: the virtual host
/// `/` is `%2f`, which is also what is meant when there is none. `Debug` and `Display` show no credentials.
#[derive(Clone)]
pub struct RabbitUri(AMQPUri);

/// It is not such a URI. Says nothing of the text, which may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a URI like amqp://user:password@host:5672/vhost, or amqps:// for TLS")]
pub struct RabbitUriError;

impl RabbitUri {
    /// Whether it asks for TLS.
    pub fn is_tls(&self) -> bool {
        self.0.scheme == AMQPScheme::AMQPS
    }

    pub(super) fn parsed(&self) -> &AMQPUri {
        &self.0
    }
}

impl FromStr for RabbitUri {
    type Err = RabbitUriError;

    fn from_str(text: &str) -> Result<Self, RabbitUriError> {
        let mut uri: AMQPUri = text.parse().map_err(|_quotes_the_text| RabbitUriError)?;
        // The driver panics on a longer one.
        if uri.vhost.len() > LONGEST_NAME {
            return Err(RabbitUriError);
        }
        // The driver would go to localhost.
        if let Some(address) = ipv6_literal(text) {
            uri.authority.host = address.to_owned();
        }
        Ok(Self(uri))
    }
}

/// What stands in brackets where the host does.
fn ipv6_literal(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_credentials, host)| host);
    host.strip_prefix('[')?.split_once(']').map(|(address, _port)| address)
}

impl fmt::Display for RabbitUri {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(uri) = self;
        let scheme = if self.is_tls() { "amqps" } else { "amqp" };
        write!(formatter, "{scheme}://{}:{}/{}", uri.authority.host, uri.authority.port, uri.vhost)
    }
}

impl fmt::Debug for RabbitUri {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RabbitUri({self}, credentials redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_never_shown() {
        let uri: RabbitUri = "amqps://ana:hunter2@broker.example/prod".parse().unwrap();
        assert_eq!(uri.to_string(), "amqps://broker.example:5671/prod");
        assert!(!format!("{uri:?}").contains("hunter2") && !format!("{uri:?}").contains("ana"));
        let refused = "amqp://ana:hunter2@broker:x/".parse::<RabbitUri>().unwrap_err();
        assert!(!format!("{refused:?} {refused}").contains("hunter2"));
    }

    #[test]
    fn the_virtual_host_is_a_slash_when_there_is_none() {
        for text in ["amqp://broker", "amqp://broker/%2f"] {
            assert_eq!(text.parse::<RabbitUri>().unwrap().parsed().vhost, "/");
        }
    }

    #[test]
    fn an_address_in_brackets_is_where_it_goes() {
        let uri: RabbitUri = "amqp://ana:p@[::1]:5673/x".parse().unwrap();
        assert_eq!((uri.parsed().authority.host.as_str(), uri.parsed().authority.port), ("::1", 5673));
    }

    #[test]
    fn what_the_driver_cannot_take_is_refused() {
        let long = format!("amqp://broker/{}", "v".repeat(256));
        for text in ["", "broker:5672", "http://broker/", long.as_str()] {
            assert!(text.parse::<RabbitUri>().is_err(), "{text}");
        }
    }
}
