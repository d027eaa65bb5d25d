//! Where a Valkey node listens.

use std::fmt;
use std::str::FromStr;

/// Host name or IP address and port of one Valkey node. IPv6 addresses are written in brackets: `[::1]:6379`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeAddress {
    host: String,
    port: u16,
}

impl NodeAddress {
    /// An address from its parts; `host` carries no brackets.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port }
    }

    /// Host name or IP address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for NodeAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(formatter, "[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{}:{}", self.host, self.port)
        }
    }
}

/// Why a text is not a `host:port`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is no `:port` at the end.
    #[error("{0:?} has no port: write host:port, for example localhost:6379")]
    NoPort(String),
    /// The port is not a number from 1 to 65535.
    #[error("{0:?} has a bad port: it must be a number from 1 to 65535")]
    BadPort(String),
    /// The host part is empty or holds characters that no host has.
    #[error("{0:?} has a bad host: write host:port without a scheme, path or user")]
    BadHost(String),
}

impl FromStr for NodeAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (host, port) = text.rsplit_once(':').ok_or_else(|| AddressError::NoPort(without_user(text)))?;
        let host = match host.strip_prefix('[') {
            Some(inner) => {
                inner.strip_suffix(']').ok_or_else(|| AddressError::BadHost(without_user(text)))?
            }
            None if host.contains(':') && !host.contains("//") => {
                // Two colons without brackets: an IPv6 address whose port cannot be told apart.
                return Err(AddressError::BadHost(without_user(text)));
            }
            None => host,
        };
        let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
        if host.is_empty() || !host.chars().all(is_host) {
            return Err(AddressError::BadHost(without_user(text)));
        }
        match port.parse::<u16>() {
            Ok(port) if port > 0 => Ok(Self::new(host, port)),
            _ => Err(AddressError::BadPort(without_user(text))),
        }
    }
}

/// A wrong value for a message: whoever writes a URL where none belongs may write a password in it.
pub fn without_user(text: &str) -> String {
    text.rsplit_once('@').map_or_else(|| text.to_owned(), |(_user, rest)| format!("…@{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_before_an_at_sign_is_not_shown() {
        for text in ["valkey://bob:marked@h:6379", "marked@h:6379", "redis://:marked@h", "bob:m@rked@h:x"] {
            let shown = text.parse::<NodeAddress>().unwrap_err().to_string();
            assert!(shown.contains("…@h") && !shown.contains("rked"), "{shown}");
        }
    }
    use proptest::prelude::*;

    #[test]
    fn parses_and_prints_names_and_addresses() {
        for text in
            ["localhost:6379", "10.0.0.7:1", "my-valkey.abc.use2.cache.amazonaws.com:6379", "[::1]:6379"]
        {
            assert_eq!(text.parse::<NodeAddress>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn refuses_what_is_not_host_and_port() {
        assert!(matches!("localhost".parse::<NodeAddress>(), Err(AddressError::NoPort(_))));
        for text in ["h:0", "h:65536", "h:x", "h:"] {
            assert!(matches!(text.parse::<NodeAddress>(), Err(AddressError::BadPort(_))), "{text}");
        }
        for text in [":6379", "redis://h:6379", "user@h:1", "::1:6379", "[::1:6379"] {
            assert!(matches!(text.parse::<NodeAddress>(), Err(AddressError::BadHost(_))), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_read_again(any in any::<String>(), near in "\\[?[a-z0-9.:%_-]{0,20}\\]?:[0-9]{0,6}") {
            for text in [any, near] {
                if let Ok(address) = text.parse::<NodeAddress>() {
                    prop_assert_eq!(address.to_string().parse(), Ok(address), "{}", text);
                }
            }
        }
    }
}
