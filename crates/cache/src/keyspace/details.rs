//! One key, looked at.

use std::time::Duration;

use bytes::Bytes;

/// The type of the value under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueKind {
    /// A string of bytes.
    String,
    /// A list.
    List,
    /// A set.
    Set,
    /// A sorted set.
    SortedSet,
    /// A hash.
    Hash,
    /// A stream.
    Stream,
    /// The name of a module's type.
    Other(String),
}

impl ValueKind {
    /// The name that `TYPE` answers with.
    pub fn name(&self) -> &str {
        match self {
            Self::String => "string",
            Self::List => "list",
            Self::Set => "set",
            Self::SortedSet => "zset",
            Self::Hash => "hash",
            Self::Stream => "stream",
            Self::Other(name) => name,
        }
    }

    /// The kind of a `TYPE` answer; `None` for `none`, which says that there is no such key.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "none" => return None,
            "string" => Self::String,
            "list" => Self::List,
            "set" => Self::Set,
            "zset" => Self::SortedSet,
            "hash" => Self::Hash,
            "stream" => Self::Stream,
            other => Self::Other(other.to_owned()),
        })
    }
}

/// How long a key has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyTtl {
    /// It stays until it is removed.
    Never,
    /// This long.
    Remaining(Duration),
}

/// What a list of keys shows of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySummary {
    /// Type of the value.
    pub kind: ValueKind,
    /// Time to live.
    pub ttl: KeyTtl,
    /// Memory of key and value in bytes, as the server counts it.
    pub memory_bytes: u64,
}

/// All that can be said of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyDetails {
    /// Type, time to live and memory.
    pub summary: KeySummary,
    /// The server's encoding of the value, such as `embstr`.
    pub encoding: String,
    /// The beginning of the value; only of strings, and only when asked for.
    pub preview: Option<Preview>,
}

/// The beginning of a string value.
#[derive(Clone, PartialEq, Eq)]
pub struct Preview {
    /// The bytes, at most as many as were asked for.
    pub bytes: Bytes,
    /// Length of the whole value in bytes.
    pub length: u64,
}

impl std::fmt::Debug for Preview {
    /// Values are not for logs: only the length shows.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Preview({} of {} bytes)", self.bytes.len(), self.length)
    }
}
