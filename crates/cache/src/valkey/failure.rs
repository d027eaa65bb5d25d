//! Why one attempt on one node failed, read from the first word of the server's error.

use std::time::Duration;

use fred::error::{Error, ErrorKind};

use crate::address::NodeAddress;
use crate::error::{CacheError, Refusal};

/// The failure of one attempt. `Display` is for the log.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(super) enum Failure {
    /// The slot lives elsewhere now.
    #[error("the slot moved to {0}")]
    Moved(NodeAddress),
    /// The key is on the other side of a running migration.
    #[error("the key is moving to {0}")]
    Ask(NodeAddress),
    /// The server refused and said why; it executed nothing.
    #[error("{0}")]
    Refused(Refusal),
    /// The script is not known to the server; it executed nothing.
    #[error("the script is not known")]
    NoScript,
    /// Wrong type, or a text where a number is needed.
    #[error("the key holds another type")]
    WrongType,
    /// The link was not up; nothing was sent.
    #[error("{0}")]
    NotSent(String),
    /// The link was cut after sending.
    #[error("the link was cut")]
    Interrupted,
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// An error without a meaning of its own here.
    #[error("an unexpected answer")]
    Protocol,
}

impl Failure {
    /// Reads the driver's error. `from` is the node that answered: a redirection without a host means its host.
    pub(super) fn of(error: &Error, from: &NodeAddress) -> Self {
        let details = error.details();
        if let Some(failure) = Self::known(details, from) {
            return failure;
        }
        match error.kind() {
            ErrorKind::Auth => Self::Refused(Refusal::Credentials),
            ErrorKind::Timeout => Self::TimedOut,
            ErrorKind::IO | ErrorKind::Canceled | ErrorKind::Tls
                if details.to_lowercase().contains("certificate") =>
            {
                Self::Refused(Refusal::Certificate(certificate_fault(details)))
            }
            ErrorKind::IO | ErrorKind::Canceled | ErrorKind::Tls => Self::Interrupted,
            _ => Self::unknown(details),
        }
    }

    /// Reads the error that a server has for one of several commands.
    pub(super) fn of_text(text: &str, from: &NodeAddress) -> Self {
        Self::known(text, from).unwrap_or_else(|| Self::unknown(text))
    }

    fn known(text: &str, from: &NodeAddress) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        Some(match words.next().unwrap_or_default() {
            "MOVED" => redirection(words.nth(1), from).map_or(Self::Protocol, Self::Moved),
            "ASK" => redirection(words.nth(1), from).map_or(Self::Protocol, Self::Ask),
            "NOSCRIPT" => Self::NoScript,
            "WRONGTYPE" => Self::WrongType,
            "ERR" if text.contains("not an integer") || text.contains("would overflow") => Self::WrongType,
            "ERR" if text.contains("without any password configured") => Self::Refused(Refusal::Credentials),
            "ERR" if text.contains("cluster support disabled") => {
                Self::Refused(Refusal::Topology("the server is no cluster; set CACHE_MODE=single"))
            }
            "WRONGPASS" | "NOAUTH" => Self::Refused(Refusal::Credentials),
            "NOPERM" => Self::Refused(Refusal::Permission(text.to_owned())),
            "OOM" => Self::Refused(Refusal::OutOfMemory),
            "READONLY" => Self::Refused(Refusal::ReadOnly),
            "LOADING" => Self::Refused(Refusal::NotReady("LOADING")),
            "MASTERDOWN" => Self::Refused(Refusal::NotReady("MASTERDOWN")),
            "BUSY" => Self::Refused(Refusal::NotReady("BUSY")),
            "CLUSTERDOWN" => Self::Refused(Refusal::NotReady("CLUSTERDOWN")),
            "TRYAGAIN" => Self::Refused(Refusal::NotReady("TRYAGAIN")),
            _ => return None,
        })
    }

    /// An error of a server without a meaning of its own here.
    fn unknown(text: &str) -> Self {
        match text.split_ascii_whitespace().next() {
            // What an ERR quotes can be a key or a value.
            Some("ERR") => {
                let text = text.split(['\'', '`', '"', ',']).next().unwrap_or(text);
                Self::Refused(Refusal::Other(text.trim().to_owned()))
            }
            Some(word) if word.chars().all(|c| c.is_ascii_uppercase()) => {
                Self::Refused(Refusal::Other(word.to_owned()))
            }
            _ => Self::Protocol,
        }
    }

    /// Whether the attempt may have taken effect.
    pub(super) fn outcome_is_unknown(&self) -> bool {
        matches!(self, Self::Interrupted | Self::TimedOut | Self::Protocol)
    }

    /// Whether the answer is about the slot or the server as a whole, not about one key.
    pub(super) fn is_about_slot(&self) -> bool {
        matches!(
            self,
            Self::Moved(_)
                | Self::Ask(_)
                | Self::Refused(Refusal::NotReady(_) | Refusal::ReadOnly)
                | Self::Interrupted
        )
    }

    /// Whether trying again later cannot help.
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.is_misconfiguration())
    }

    /// The error of the whole operation, when this was the last attempt.
    pub(super) fn into_error(
        self,
        node: &NodeAddress,
        command: &'static str,
        budget: Duration,
    ) -> CacheError {
        let node = node.to_string();
        match self {
            Self::Moved(to) | Self::Ask(to) => {
                CacheError::Unavailable { node, reason: format!("too many redirections, the last to {to}") }
            }
            Self::Refused(refusal) => CacheError::Refused { node, refusal },
            Self::WrongType => CacheError::WrongType,
            Self::NotSent(reason) => CacheError::Unavailable { node, reason },
            Self::Interrupted => CacheError::Interrupted { node },
            Self::TimedOut => CacheError::Timeout { node, after: budget },
            Self::NoScript | Self::Protocol => CacheError::Protocol { node, command },
        }
    }
}

/// What TLS has against the certificate, out of the debug text that the driver makes of it.
fn certificate_fault(details: &str) -> String {
    let fault = details.split_once("InvalidCertificate(").map_or(details, |(_, fault)| fault);
    fault.trim_end_matches([' ', '}', ')']).to_owned()
}

/// `host:port` of a redirection; the host may be empty.
fn redirection(target: Option<&str>, from: &NodeAddress) -> Option<NodeAddress> {
    let (host, port) = target?.rsplit_once(':')?;
    let host = if host.is_empty() || host == "?" { from.host() } else { host };
    Some(NodeAddress::new(host, port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &'static str) -> Failure {
        let here = NodeAddress::new("here", 1);
        let failure = Failure::of(&Error::new(ErrorKind::Unknown, text), &here);
        assert_eq!(failure, Failure::of_text(text, &here), "it does not matter how it was told");
        failure
    }

    #[test]
    fn the_first_word_decides() {
        assert_eq!(of("MOVED 3999 10.0.0.1:6381"), Failure::Moved(NodeAddress::new("10.0.0.1", 6381)));
        assert_eq!(of("ASK 3999 :6381"), Failure::Ask(NodeAddress::new("here", 6381)));
        assert_eq!(of("MOVED 1 2001:db8::1:6379"), Failure::Moved(NodeAddress::new("2001:db8::1", 6379)));
        assert_eq!(of("NOSCRIPT No matching script"), Failure::NoScript);
        assert_eq!(of("ERR value is not an integer or out of range"), Failure::WrongType);
        assert_eq!(of("WRONGPASS invalid"), Failure::Refused(Refusal::Credentials));
        assert_eq!(of("MISCONF errors writing"), Failure::Refused(Refusal::Other("MISCONF".to_owned())));
        let unknown = of("ERR unknown command 'GETT', with args beginning with: 'secret'");
        assert_eq!(unknown, Failure::Refused(Refusal::Other("ERR unknown command".to_owned())));
        assert_eq!(of("MOVED rubbish"), Failure::Protocol);
        assert_eq!(of("OOM command not allowed"), Failure::Refused(Refusal::OutOfMemory));
        assert_eq!(of("gibberish from nowhere"), Failure::Protocol);
    }

    #[test]
    fn only_sent_commands_are_of_unknown_outcome() {
        assert!(Failure::Interrupted.outcome_is_unknown() && Failure::TimedOut.outcome_is_unknown());
        assert!(!Failure::NotSent(String::new()).outcome_is_unknown());
        assert!(!of("CLUSTERDOWN The cluster is down").outcome_is_unknown());
    }
}
