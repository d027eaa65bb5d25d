//! Figures of every node, from INFO.

use futures::future::join_all;
use tokio::time::Instant;

use super::command::Command;
use super::failure::Failure;
use super::node::Lane;
use super::{ValkeyCache, reply};
use crate::address::NodeAddress;
use crate::error::CacheError;
use crate::keyspace::{NodeRole, NodeStats, ScanMethod, Stats, StatsTotals, Unreachable};

/// How long one node may take.
const LIMIT: std::time::Duration = std::time::Duration::from_millis(900);

impl ValkeyCache {
    pub(crate) fn scan_method(&self) -> ScanMethod {
        self.method
    }

    pub(crate) async fn stats(&self) -> Result<Stats, CacheError> {
        if self.topology.surroundings.closed.is_cancelled() {
            return Err(CacheError::Closed);
        }
        let map = self.topology.map();
        let deadline = Instant::now() + LIMIT;
        let masters = map.masters.iter().map(|master| (&master.address, NodeRole::Master, master.slots));
        let replicas = map.masters.iter().flat_map(|master| &master.replicas);
        let all = masters.chain(replicas.map(|address| (address, NodeRole::Replica, 0)));
        let asked = all.map(|(address, role, slots)| async move {
            (address, self.node_stats(address, role, slots, deadline).await)
        });
        let mut nodes = Vec::new();
        let mut unreachable = Vec::new();
        for (address, answer) in join_all(asked).await {
            match answer {
                Ok(stats) => nodes.push(stats),
                Err(failure) => {
                    let error = failure.into_error(address, "INFO", LIMIT);
                    unreachable.push(Unreachable { node: address.to_string(), reason: error.reason() });
                }
            }
        }
        nodes.sort_by(|left, right| (left.role, &left.address).cmp(&(right.role, &right.address)));
        Ok(Stats { mode: Some(self.topology.mode), totals: StatsTotals::of(&nodes), nodes, unreachable })
    }

    async fn node_stats(
        &self,
        address: &NodeAddress,
        role: NodeRole,
        slots: u16,
        deadline: Instant,
    ) -> Result<NodeStats, Failure> {
        let node = self.topology.node(address);
        let ask = || node.ask(Lane::Requests, [Command::new("INFO"), Command::new("DBSIZE")], deadline);
        let [info, keys] = match ask().await {
            // Another command may have cost the link, which says nothing about the node.
            Err(Failure::Interrupted) => ask().await?,
            answers => answers?,
        };
        let info = reply::text(&info).ok_or(Failure::Protocol)?;
        let number = |name: &str| reply::info_number(&info, name);
        let version =
            reply::info_field(&info, "valkey_version").or_else(|| reply::info_field(&info, "redis_version"));
        Ok(NodeStats {
            address: address.to_string(),
            role,
            own_role: match reply::info_field(&info, "role") {
                Some("slave" | "replica") => NodeRole::Replica,
                _ => NodeRole::Master,
            },
            slots,
            keys: reply::unsigned(&keys).unwrap_or(0),
            used_memory_bytes: number("used_memory"),
            max_memory_bytes: Some(number("maxmemory")).filter(|limit| *limit > 0),
            hits: number("keyspace_hits"),
            misses: number("keyspace_misses"),
            evictions: number("evicted_keys"),
            expirations: number("expired_keys"),
            clients: number("connected_clients"),
            version: version.unwrap_or_default().to_owned(),
            clock_micros: reply::info_field(&info, "server_time_usec").and_then(|text| text.parse().ok()),
        })
    }
}
