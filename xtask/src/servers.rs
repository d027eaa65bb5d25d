//! The servers that all test programs of one run share.

use testkit::{
    CLUSTER_VARIABLE, ClusterOptions, MONGO_VARIABLE, MOTO_VARIABLE, MongoServer, MotoServer,
    RABBITMQ_VARIABLE, RabbitMq, SINGLE_VARIABLE, ValkeyCluster, ValkeyServer,
};
use tokio::runtime::Runtime;

use crate::command::Failure;

/// Running servers; they end with this value.
pub(crate) struct Servers {
    cluster: ValkeyCluster,
    single: ValkeyServer,
    mongo: MongoServer,
    moto: MotoServer,
    rabbitmq: RabbitMq,
}

impl Servers {
    /// Starts them.
    ///
    /// # Errors
    /// When there is no runtime to start them with. A server that does not start is a panic with its log.
    pub(crate) fn start() -> Result<Self, Failure> {
        println!(
            "xtask: starting a cluster of six nodes, a single server, a MongoDB server, a RabbitMQ broker and a stand-in \
             for AWS"
        );
        let runtime = Runtime::new()?;
        let (cluster, single, mongo, moto, rabbitmq) = runtime.block_on(async {
            tokio::join!(
                ValkeyCluster::start(ClusterOptions::default()),
                ValkeyServer::start(),
                MongoServer::start(),
                MotoServer::start(),
                RabbitMq::start()
            )
        });
        Ok(Self { cluster, single, mongo, moto, rabbitmq })
    }

    /// The variables by which test programs find them.
    pub(crate) fn variables(&self) -> [(&'static str, String); 5] {
        [
            (CLUSTER_VARIABLE, self.cluster.node_list()),
            (SINGLE_VARIABLE, self.single.address().to_string()),
            (MONGO_VARIABLE, self.mongo.address().to_string()),
            (MOTO_VARIABLE, self.moto.address().to_string()),
            (RABBITMQ_VARIABLE, self.rabbitmq.uri()),
        ]
    }
}
