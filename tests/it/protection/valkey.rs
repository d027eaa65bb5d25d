//! The servers behind a protected service: one node, or a cluster, each with a network that can be broken.

use std::net::SocketAddr;

use testkit::{ClusterOptions, Proxy, Resp, ValkeyCluster, ValkeyOptions, ValkeyServer};

/// What the service logs in with.
pub(crate) const PASSWORD: &str = "ours";
/// What the server wants after its password was changed.
pub(crate) const OTHER_PASSWORD: &str = "another";

/// One node or three masters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Single,
    Cluster,
}

/// Running servers.
pub(crate) enum Valkey {
    Single(Box<Single>),
    Cluster(ValkeyCluster),
}

/// A primary with a replica, behind the name that clients know.
pub(crate) struct Single {
    pub(crate) server: ValkeyServer,
    pub(crate) replica: ValkeyServer,
    pub(crate) endpoint: Proxy,
}

impl Valkey {
    /// Starts them. `require_full_coverage` is for a cluster.
    pub(crate) async fn start(shape: Shape, require_full_coverage: bool) -> Self {
        let password = Some(PASSWORD.to_owned());
        match shape {
            Shape::Single => {
                let server =
                    ValkeyServer::start_with(ValkeyOptions { password, ..ValkeyOptions::default() }).await;
                let replica = server.start_replica().await;
                let endpoint = Proxy::start(server.address()).await;
                Self::Single(Box::new(Single { server, replica, endpoint }))
            }
            Shape::Cluster => {
                let options = ClusterOptions {
                    require_full_coverage,
                    password,
                    proxied: true,
                    ..ClusterOptions::default()
                };
                Self::Cluster(ValkeyCluster::start(options).await)
            }
        }
    }

    /// How the service finds them.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let (mode, addresses) = match self {
            Self::Single(single) => ("single", single.endpoint.address().to_string()),
            Self::Cluster(cluster) => ("cluster", cluster.node_list()),
        };
        let pairs = [("CACHE_MODE", mode), ("CACHE_ADDRS", &addresses), ("CACHE_PASSWORD", PASSWORD)];
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }

    /// Every network between the service and a node.
    pub(crate) fn proxies(&self) -> Vec<&Proxy> {
        match self {
            Self::Single(single) => vec![&single.endpoint],
            Self::Cluster(cluster) => {
                cluster.addresses().into_iter().map(|node| cluster.proxy(node)).collect()
            }
        }
    }

    /// A connection with all rights to every node.
    pub(crate) async fn connections(&self) -> Vec<Resp> {
        match self {
            Self::Single(single) => vec![single.server.connect().await, single.replica.connect().await],
            Self::Cluster(cluster) => {
                let mut connections = Vec::new();
                for node in cluster.addresses() {
                    connections.push(cluster.connect(node).await);
                }
                connections
            }
        }
    }

    /// Data of some size on every master, in values of a kilobyte.
    pub(crate) async fn fill(&self) {
        let value = "x".repeat(1_024);
        let pairs = (0..10_000).map(|number| (format!("ballast:{number}"), value.clone()));
        match self {
            Self::Single(single) => single.server.fill(pairs).await,
            Self::Cluster(cluster) => cluster.fill(pairs).await,
        }
    }
}

/// The first master of a cluster.
pub(crate) async fn first_master(cluster: &ValkeyCluster) -> SocketAddr {
    cluster.node_for_slot(0).await.address
}
