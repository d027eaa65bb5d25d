//! Figures of the nodes.

use crate::config::CacheMode;
use crate::keyspace::Unreachable;

/// Figures of every node that answered, their totals, and who did not answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Stats {
    /// The topology; `None` for the embedded cache.
    pub mode: Option<CacheMode>,
    /// Every node that answered; masters first.
    pub nodes: Vec<NodeStats>,
    /// Sums over the masters that answered.
    pub totals: StatsTotals,
    /// Nodes that did not answer.
    pub unreachable: Vec<Unreachable>,
}

/// Whether a node takes writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeRole {
    /// It owns slots and takes writes.
    Master,
    /// It copies a master.
    Replica,
    /// The cache inside this process.
    Embedded,
}

impl NodeRole {
    /// `master`, `replica` or `embedded`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Master => "master",
            Self::Replica => "replica",
            Self::Embedded => "embedded",
        }
    }
}

/// Figures of one node, since its start where they count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeStats {
    /// Where it listens; `embedded` for the twin.
    pub address: String,
    /// Its role.
    pub role: NodeRole,
    /// What it says of itself, which is another thing for a replica whose address was given as that of a single node.
    pub own_role: NodeRole,
    /// Slots it owns; 16,384 for a single node, 0 for a replica.
    pub slots: u16,
    /// Keys it holds.
    pub keys: u64,
    /// Memory in use, bytes.
    pub used_memory_bytes: u64,
    /// Memory it may use, bytes; `None` without a limit.
    pub max_memory_bytes: Option<u64>,
    /// Reads that found their key.
    pub hits: u64,
    /// Reads that did not.
    pub misses: u64,
    /// Keys removed for want of memory.
    pub evictions: u64,
    /// Keys removed because their time was over.
    pub expirations: u64,
    /// Connected clients.
    pub clients: u64,
    /// Server version, such as `8.0.1`.
    pub version: String,
    /// Its clock when it answered, microseconds since 1970; `None` where it does not tell, and for the cache of this process.
    pub clock_micros: Option<u64>,
}

/// Sums over the masters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StatsTotals {
    /// Keys.
    pub keys: u64,
    /// Memory in use, bytes.
    pub used_memory_bytes: u64,
    /// Reads that found their key.
    pub hits: u64,
    /// Reads that did not.
    pub misses: u64,
    /// Keys removed for want of memory.
    pub evictions: u64,
    /// Connected clients.
    pub clients: u64,
}

impl StatsTotals {
    pub(crate) fn of(nodes: &[NodeStats]) -> Self {
        nodes.iter().filter(|node| node.role != NodeRole::Replica).fold(Self::default(), |sum, node| Self {
            keys: sum.keys + node.keys,
            used_memory_bytes: sum.used_memory_bytes + node.used_memory_bytes,
            hits: sum.hits + node.hits,
            misses: sum.misses + node.misses,
            evictions: sum.evictions + node.evictions,
            clients: sum.clients + node.clients,
        })
    }

    /// Hits among all reads, 0 to 1; `None` when nothing was read.
    pub fn hit_ratio(&self) -> Option<f64> {
        let reads = self.hits + self.misses;
        // Counters of reads stay far below 2^53, where an f64 stops being exact.
        (reads > 0).then(|| self.hits as f64 / reads as f64)
    }
}
