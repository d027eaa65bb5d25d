//! Ways for Valkey to fail.

use std::time::Duration;

use super::valkey::{OTHER_PASSWORD, PASSWORD, Single, Valkey, first_master};

/// A fault, and how it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The process is gone; in a cluster that of one master.
    Killed,
    /// The process accepts connections and answers nothing; in a cluster that of one master.
    Hung,
    /// Connections end, and new ones are refused, to all nodes.
    Cut,
    /// Connections stay and new ones are made, and nothing passes, to all nodes.
    HalfOpen,
    /// Every answer comes 200 ms late.
    Slow,
    /// The replica is the primary now, and the old primary refuses writes.
    Promoted,
    /// Nothing more may be written.
    OutOfMemory,
    /// The process started again and is loading; in a cluster that of one master.
    Loading,
    /// The server has forgotten our scripts.
    ScriptsFlushed,
    /// Our password is wrong, and all clients must log in again.
    PasswordChanged,
}

impl Fault {
    /// Whether it heals without anybody doing anything.
    pub(crate) fn heals_by_itself(self, valkey: &Valkey) -> bool {
        match self {
            Self::Promoted | Self::ScriptsFlushed => true,
            Self::Killed | Self::Hung | Self::Loading => matches!(valkey, Valkey::Cluster(_)),
            Self::Cut | Self::HalfOpen | Self::Slow | Self::OutOfMemory | Self::PasswordChanged => false,
        }
    }

    /// Makes it happen.
    pub(crate) async fn strike(self, valkey: &Valkey) {
        match (self, valkey) {
            (Self::Killed, Valkey::Single(single)) => single.server.kill(),
            (Self::Killed, Valkey::Cluster(cluster)) => cluster.kill(first_master(cluster).await),
            (Self::Hung, Valkey::Single(single)) => single.server.pause(),
            (Self::Hung, Valkey::Cluster(cluster)) => cluster.pause(first_master(cluster).await),
            (Self::Loading, Valkey::Single(single)) => single.server.restart_loading().await,
            (Self::Loading, Valkey::Cluster(cluster)) => {
                cluster.restart_loading(first_master(cluster).await).await;
            }
            (Self::Promoted, Valkey::Single(single)) => promote(single).await,
            (Self::Promoted, Valkey::Cluster(cluster)) => {
                let master = cluster.node_for_slot(0).await;
                let replica = cluster.replicas_of(&master.id).await[0].address;
                let reply = cluster.connect(replica).await.command(&["CLUSTER", "FAILOVER"]).await;
                drop(reply.accepted("CLUSTER FAILOVER"));
            }
            (Self::Cut, _) => {
                for proxy in valkey.proxies() {
                    proxy.cut().await;
                }
            }
            (Self::HalfOpen, _) => {
                for proxy in valkey.proxies() {
                    proxy.half_open().await;
                }
            }
            (Self::Slow, _) => {
                for proxy in valkey.proxies() {
                    proxy.delay(Duration::from_millis(200)).await;
                }
            }
            (Self::OutOfMemory, _) => configure(valkey, "maxmemory", "1").await,
            (Self::ScriptsFlushed, _) => {
                for mut node in valkey.connections().await {
                    drop(node.command(&["SCRIPT", "FLUSH"]).await.accepted("SCRIPT FLUSH"));
                }
            }
            (Self::PasswordChanged, _) => {
                for mut node in valkey.connections().await {
                    node.configure("requirepass", OTHER_PASSWORD).await;
                    node.disconnect_clients().await;
                }
            }
        }
    }

    /// Ends it; for one that healed by itself, brings back what was lost.
    pub(crate) async fn mend(self, valkey: &Valkey) {
        match (self, valkey) {
            (Self::Killed, Valkey::Single(single)) => single.server.restart().await,
            (Self::Hung, Valkey::Single(single)) => single.server.resume(),
            (Self::Loading, Valkey::Single(single)) => single.server.finish_loading().await,
            (Self::Killed | Self::Hung | Self::Loading, Valkey::Cluster(_))
            | (Self::Promoted | Self::ScriptsFlushed, _) => {}
            (Self::Cut | Self::HalfOpen | Self::Slow, _) => {
                for proxy in valkey.proxies() {
                    proxy.pass().await;
                }
            }
            (Self::OutOfMemory, _) => configure(valkey, "maxmemory", "0").await,
            (Self::PasswordChanged, _) => configure(valkey, "requirepass", PASSWORD).await,
        }
    }
}

async fn configure(valkey: &Valkey, parameter: &str, value: &str) {
    for mut node in valkey.connections().await {
        node.configure(parameter, value).await;
    }
}

/// New connections go to the new primary; those that are open stay where they are.
async fn promote(single: &Single) {
    single.replica.promote().await;
    single.endpoint.set_upstream(single.replica.address());
    let new = single.replica.address();
    let (host, port) = (new.ip().to_string(), new.port().to_string());
    let reply = single.server.connect().await.command(&["REPLICAOF", &host, &port]).await;
    drop(reply.accepted("REPLICAOF"));
}
