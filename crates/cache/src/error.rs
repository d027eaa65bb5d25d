//! What can go wrong with a cache operation.

use std::time::Duration;

use crate::config::ConfigProblems;

/// The error of every cache operation. Callers that fall back ask [`CacheError::is_outage`]; callers of a step
/// that must not run twice ask [`CacheError::outcome_is_unknown`].
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CacheError {
    /// `get` found nothing under the key, or its time was over.
    #[error("cache miss")]
    Miss,
    /// The client was closed; nothing was sent.
    #[error("the cache client is closed")]
    Closed,
    /// The configuration cannot work.
    #[error("the cache configuration is wrong")]
    Config(#[from] ConfigProblems),
    /// Nothing was executed: no node could take the command.
    #[error("no answer from {node}: {reason}")]
    Unavailable {
        /// Address of the node, or the slot that has none.
        node: String,
        /// In one line, what kept the command from being sent.
        reason: String,
    },
    /// No answer within the budget. The command may have been executed.
    #[error("no answer from {node} within {} ms", .after.as_millis())]
    Timeout {
        /// Address of the node.
        node: String,
        /// The budget that was spent.
        after: Duration,
    },
    /// The link was cut before the answer came. The command may have been executed.
    #[error("the link to {node} was cut before it answered")]
    Interrupted {
        /// Address of the node.
        node: String,
    },
    /// The server refused; nothing was executed.
    #[error("{node} refused the command: {refusal}")]
    Refused {
        /// Address of the node.
        node: String,
        /// Why.
        refusal: Refusal,
    },
    /// The key holds another type, or a value that the step cannot work on (INCR of a text).
    #[error("the key holds a value of another type")]
    WrongType,
    /// The embedded cache holds as many claims, limits and leases as it may, and never evicts those.
    #[error("the embedded cache is full: it holds {limit}")]
    Full {
        /// What may be held.
        limit: PinnedLimit,
    },
    /// The server answered something that the command cannot answer.
    #[error("unexpected answer to {command} from {node}")]
    Protocol {
        /// Address of the node.
        node: String,
        /// The command, without its arguments.
        command: &'static str,
    },
}

/// The bound that the embedded cache has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PinnedLimit {
    /// By number.
    #[error("{0} claims, limits and leases")]
    Entries(usize),
    /// By size.
    #[error("{0} bytes of claims, limits and leases")]
    Bytes(u64),
}

/// Why a server refused a command, by the first word of its error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// WRONGPASS, NOAUTH: the credentials are wrong.
    #[error("the user name or password is wrong (CACHE_USERNAME, CACHE_PASSWORD or CACHE_PASSWORD_FILE)")]
    Credentials,
    /// NOPERM: the ACL of the user does not allow the command or key.
    #[error("the user has no permission: {0}")]
    Permission(String),
    /// The server's certificate is not trusted, or is for another name.
    #[error("the certificate is not accepted (CACHE_CA_CERT_BASE64): {0}")]
    Certificate(String),
    /// CACHE_MODE does not fit the server.
    #[error("{0}")]
    Topology(&'static str),
    /// OOM: the server is at `maxmemory` and may not evict.
    #[error("the server is out of memory (maxmemory)")]
    OutOfMemory,
    /// READONLY: a replica; the fail-over to it is not complete or was not seen yet.
    #[error("the node is a replica")]
    ReadOnly,
    /// LOADING, MASTERDOWN, BUSY, CLUSTERDOWN, TRYAGAIN: not now.
    #[error("the server is not ready ({0})")]
    NotReady(&'static str),
    /// MISCONF, NOREPLICAS and all else, by its first word; of an ERR, the text up to what it quotes.
    #[error("{0}")]
    Other(String),
}

impl Refusal {
    /// Whether waiting cannot help.
    pub(crate) fn is_misconfiguration(&self) -> bool {
        match self {
            Self::Credentials | Self::Permission(_) | Self::Certificate(_) | Self::Topology(_) => true,
            Self::OutOfMemory | Self::ReadOnly | Self::NotReady(_) | Self::Other(_) => false,
        }
    }
}

impl CacheError {
    /// Whether the operation may have taken effect although no answer came.
    pub fn outcome_is_unknown(&self) -> bool {
        matches!(self, Self::Timeout { .. } | Self::Interrupted { .. } | Self::Protocol { .. })
    }

    /// Whether the cache, and not the request, is at fault: the caller falls back or answers 503.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Closed
            | Self::Unavailable { .. }
            | Self::Timeout { .. }
            | Self::Interrupted { .. }
            | Self::Refused { .. }
            | Self::Protocol { .. }
            | Self::Full { .. } => true,
            Self::Miss | Self::Config(_) | Self::WrongType => false,
        }
    }

    /// Whether waiting cannot help: the configuration, the credentials or the certificate are wrong.
    pub fn is_misconfiguration(&self) -> bool {
        match self {
            Self::Config(_) => true,
            Self::Refused { refusal, .. } => refusal.is_misconfiguration(),
            _ => false,
        }
    }

    /// What is wrong, without the address of the node that [`CacheError::node`] names.
    pub fn reason(&self) -> String {
        match self {
            Self::Unavailable { reason, .. } => reason.clone(),
            Self::Refused { refusal, .. } => refusal.to_string(),
            Self::Timeout { after, .. } => format!("no answer within {} ms", after.as_millis()),
            Self::Interrupted { .. } => "the link was cut before an answer came".to_owned(),
            other => other.to_string(),
        }
    }

    /// The address of the node that the error is about.
    pub fn node(&self) -> Option<&str> {
        match self {
            Self::Unavailable { node, .. }
            | Self::Timeout { node, .. }
            | Self::Interrupted { node }
            | Self::Refused { node, .. }
            | Self::Protocol { node, .. } => Some(node),
            Self::Miss | Self::Closed | Self::Config(_) | Self::WrongType | Self::Full { .. } => None,
        }
    }
}
