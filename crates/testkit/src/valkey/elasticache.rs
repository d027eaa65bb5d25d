//! A cluster with the shape of an Amazon ElastiCache one in cluster mode.

use crate::certificate::CertificateAuthority;
use crate::valkey::cluster::{ClusterOptions, ValkeyCluster};

/// What the clients of the cluster may not do: the commands AWS documents as restricted, and every change of the
/// cluster itself.
pub const DENIED_COMMANDS: [&str; 30] = [
    "config",
    "debug",
    "save",
    "bgsave",
    "bgrewriteaof",
    "shutdown",
    "replicaof",
    "slaveof",
    "migrate",
    "acl",
    "monitor",
    "sync",
    "psync",
    "failover",
    "module",
    "cluster|addslots",
    "cluster|addslotsrange",
    "cluster|bumpepoch",
    "cluster|delslots",
    "cluster|delslotsrange",
    "cluster|failover",
    "cluster|flushslots",
    "cluster|forget",
    "cluster|meet",
    "cluster|replicate",
    "cluster|reset",
    "cluster|saveconfig",
    "cluster|set-config-epoch",
    "cluster|setslot",
    "cluster|slot-stats",
];

const USERNAME: &str = "app";
const PASSWORD: &str = "the-password-of-app";
const TOKEN: &str = "the-token-of-the-default-user";

/// TLS only, a password for everybody, nodes that announce a host name, restricted users, one address to begin
/// with. Two ways in, as AWS has them: the default user with the AUTH token, or a user of its own.
#[derive(Debug)]
pub struct ElastiCache {
    cluster: ValkeyCluster,
    authority: CertificateAuthority,
}

impl ElastiCache {
    /// Starts one of three masters and three replicas.
    pub async fn start() -> Self {
        let authority = CertificateAuthority::generate();
        let denied: String = DENIED_COMMANDS.iter().map(|command| format!(" -{command}")).collect();
        let options = ClusterOptions {
            lines: vec![
                String::from("cluster-announce-hostname localhost"),
                String::from("cluster-preferred-endpoint-type hostname"),
                format!("user default on >{TOKEN} ~* &* +@all{denied}"),
                format!("user {USERNAME} on >{PASSWORD} ~* &* +@all{denied}"),
            ],
            ..ClusterOptions::default()
        };
        let cluster = ValkeyCluster::start_inner(&options, Some(&authority)).await;
        Self { cluster, authority }
    }

    /// The configuration address, the only one a client is given: `localhost:port`.
    pub fn endpoint(&self) -> String {
        let first = self.cluster.addresses().into_iter().next();
        format!("localhost:{}", first.expect("the cluster has nodes").port())
    }

    /// The name of the restricted user.
    pub fn username(&self) -> &'static str {
        USERNAME
    }

    /// The password of the restricted user.
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// The password of the default user, who is restricted in the same way.
    pub fn token(&self) -> &'static str {
        TOKEN
    }

    /// The authority that a client must trust.
    pub fn authority(&self) -> &CertificateAuthority {
        &self.authority
    }

    /// The cluster, to kill nodes and move slots with the rights of the harness.
    pub fn cluster(&self) -> &ValkeyCluster {
        &self.cluster
    }
}
