//! Valkey: single node or cluster, over links to single nodes.
//!
//! The layers, from the bottom: [`link`] is one connection; [`keeper`] keeps one up and replaces it when it hangs;
//! [`node`] has one or two of them, and sends small commands that meet [together](batch); [`topology`] knows the slot map
//! and the nodes; [`router`] finds the node for a command and decides about redirections and repetitions; [`operations`]
//! are the cache operations on top, and [`scan`] is the key space.

mod batch;
mod command;
mod counters;
mod failure;
mod keeper;
mod link;
mod login;
mod many;
mod node;
mod operations;
mod password;
mod refreshing;
mod reply;
mod router;
mod scan;
mod script;
mod slot_map;
mod startup;
mod stats;
mod tls;
mod topology;
mod tracking;

use std::sync::Arc;

pub use counters::Counters;
use tokio_util::sync::DropGuard;

use topology::Topology;

use crate::config::CacheConfig;
use crate::error::CacheError;
use crate::keyspace::ScanMethod;
use crate::near::Hub;

/// A client of Valkey. Made by [`connect`](crate::connect).
pub struct ValkeyCache {
    topology: Arc<Topology>,
    /// How slots are scanned; found out at start-up.
    method: ScanMethod,
    /// Limit on one answer of background work.
    read_timeout: std::time::Duration,
    /// Dropped with the client: its tasks and links end although nobody called `close`.
    #[expect(dead_code, reason = "held for its drop")]
    ends_with_client: DropGuard,
}

impl ValkeyCache {
    pub(crate) async fn connect(config: CacheConfig) -> Result<Self, CacheError> {
        startup::connect(config).await
    }

    /// What the client counted about itself since it connected.
    pub fn counters(&self) -> Counters {
        self.topology.surroundings.counting.snapshot()
    }

    /// Tells `hub` from now on which keys changed on the servers, until the client ends. To be called once.
    pub(crate) fn track(&self, hub: Arc<Hub>) {
        tracking::start(Arc::clone(&self.topology), hub);
    }

    async fn end(&self) {
        startup::end(&self.topology).await;
    }
}
