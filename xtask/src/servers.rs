//! The servers that all test programs of one run share.

use testkit::{CLUSTER_VARIABLE, ClusterOptions, SINGLE_VARIABLE, ValkeyCluster, ValkeyServer};
use tokio::runtime::Runtime;

use crate::command::Failure;

/// Running servers; they end with this value.
pub(crate) struct Servers {
    cluster: ValkeyCluster,
    single: ValkeyServer,
}

impl Servers {
    /// Starts them.
    ///
    /// # Errors
    /// When there is no runtime to start them with. A server that does not start is a panic with its log.
    pub(crate) fn start() -> Result<Self, Failure> {
        println!("xtask: starting a cluster of six nodes and a single server");
        let runtime = Runtime::new()?;
        let (cluster, single) = runtime.block_on(async {
            tokio::join!(ValkeyCluster::start(ClusterOptions::default()), ValkeyServer::start())
        });
        Ok(Self { cluster, single })
    }

    /// The variables by which test programs find them.
    pub(crate) fn variables(&self) -> [(&'static str, String); 2] {
        [(CLUSTER_VARIABLE, self.cluster.node_list()), (SINGLE_VARIABLE, self.single.address().to_string())]
    }
}
