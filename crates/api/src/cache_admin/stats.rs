//! Figures of the cache as JSON.

use cache::{NodeStats, Stats};
use serde::Serialize;

use crate::deletion::UnreachableBody;

/// The whole cache.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatsBody {
    /// `embedded`, `single` or `cluster`.
    mode: &'static str,
    /// Keys on all masters; also under `total`.
    keys: u64,
    total: u64,
    /// Bytes.
    memory: u64,
    hits: u64,
    misses: u64,
    /// 0 to 1; null when nothing was read.
    hit_ratio: Option<f64>,
    evictions: u64,
    clients: u64,
    nodes: Vec<NodeBody>,
    unreachable: Vec<UnreachableBody>,
    /// Whether every node answered.
    complete: bool,
}

/// One node.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeBody {
    node: String,
    role: &'static str,
    slots: u16,
    keys: u64,
    memory: u64,
    max_memory: Option<u64>,
    hits: u64,
    misses: u64,
    evictions: u64,
    expirations: u64,
    clients: u64,
    version: String,
}

impl StatsBody {
    pub(super) fn of(stats: Stats) -> Self {
        Self {
            mode: stats.mode.map_or("embedded", |mode| mode.name()),
            keys: stats.totals.keys,
            total: stats.totals.keys,
            memory: stats.totals.used_memory_bytes,
            hits: stats.totals.hits,
            misses: stats.totals.misses,
            hit_ratio: stats.totals.hit_ratio(),
            evictions: stats.totals.evictions,
            clients: stats.totals.clients,
            complete: stats.unreachable.is_empty(),
            nodes: stats.nodes.into_iter().map(NodeBody::of).collect(),
            unreachable: stats.unreachable.into_iter().map(UnreachableBody::of).collect(),
        }
    }
}

impl NodeBody {
    fn of(node: NodeStats) -> Self {
        Self {
            node: node.address,
            role: node.role.name(),
            slots: node.slots,
            keys: node.keys,
            memory: node.used_memory_bytes,
            max_memory: node.max_memory_bytes,
            hits: node.hits,
            misses: node.misses,
            evictions: node.evictions,
            expirations: node.expirations,
            clients: node.clients,
            version: node.version,
        }
    }
}
