//! Deleting by pattern.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::glob::Glob;

/// What to delete, and how.
#[derive(Debug, Clone)]
pub struct DeleteRequest {
    /// Keys that match any of these, matched by the server. Each costs one pass over the keys.
    pub patterns: Vec<Glob>,
    /// Of those, only keys that this accepts.
    pub filter: Option<KeyFilter>,
    /// Count and sample, delete nothing.
    pub dry_run: bool,
    /// How many of the matching keys to name in the report.
    pub samples: usize,
    /// How long to wait for a node that does not answer, or for a slot without an owner, before the rest of its
    /// keys is reported as not reached.
    pub patience: Duration,
}

impl DeleteRequest {
    /// Deletes what matches `pattern`, waiting one second for nodes that do not answer.
    pub fn matching(pattern: Glob) -> Self {
        Self {
            patterns: vec![pattern],
            filter: None,
            dry_run: false,
            samples: 0,
            patience: Duration::from_secs(1),
        }
    }
}

/// A further condition on a key, decided in this process.
#[derive(Clone)]
pub struct KeyFilter(Arc<Condition>);

type Condition = dyn Fn(&[u8]) -> bool + Send + Sync;

impl KeyFilter {
    /// A filter that accepts the keys for which `accepts` is true.
    pub fn new(accepts: impl Fn(&[u8]) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(accepts))
    }

    /// Whether the key is accepted.
    pub fn accepts(&self, key: &[u8]) -> bool {
        (self.0)(key)
    }
}

impl fmt::Debug for KeyFilter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("KeyFilter")
    }
}

/// What a deletion did so far; at its end, what it did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeleteReport {
    /// Each node that keys were read from.
    pub nodes: Vec<NodeDeletion>,
    /// What could not be reached; keys there were not deleted.
    pub unreachable: Vec<Unreachable>,
    /// Some of the keys that matched, as many as were asked for.
    pub samples: Vec<Bytes>,
    /// It was cancelled before its end.
    pub cancelled: bool,
    /// Time from beginning to end.
    pub took: Duration,
}

/// What was done on one node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeDeletion {
    /// Where it listens; `embedded` for the twin.
    pub node: String,
    /// Keys the node held when it was last read from, in proportion to the part of it that was read.
    pub scanned: u64,
    /// Keys that matched. A key that was seen twice counts twice.
    pub matched: u64,
    /// Keys that were removed; 0 in a dry run. After an outage, at least so many: of a removal whose answer was lost
    /// nobody knows.
    pub deleted: u64,
    /// Time spent on the node.
    pub took: Duration,
}

/// A node, or a range of slots without one, that did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreachable {
    /// Its address, or `slots a-b` when no node owns them.
    pub node: String,
    /// In one line, why.
    pub reason: String,
}

impl DeleteReport {
    /// Keys that matched, on all nodes.
    pub fn matched(&self) -> u64 {
        self.nodes.iter().map(|node| node.matched).sum()
    }

    /// Keys that were removed, on all nodes.
    pub fn deleted(&self) -> u64 {
        self.nodes.iter().map(|node| node.deleted).sum()
    }

    /// Keys that were looked at, on all nodes.
    pub fn scanned(&self) -> u64 {
        self.nodes.iter().map(|node| node.scanned).sum()
    }

    /// Whether every key was looked at.
    pub fn is_complete(&self) -> bool {
        self.unreachable.is_empty() && !self.cancelled
    }
}
