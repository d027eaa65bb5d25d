//! `cargo xtask up`: a Valkey to try the service on.

use clap::Args;
use testkit::{ClusterOptions, ValkeyCluster, ValkeyServer};
use tokio::runtime::Runtime;

use crate::command::Failure;
use crate::install;

/// What to start.
#[derive(Args)]
pub(crate) struct Arguments {
    /// A cluster of three masters and three replicas instead of a single server.
    #[arg(long)]
    cluster: bool,
}

/// Starts Valkey, prints how to point the service at it, and waits for Ctrl-C.
///
/// # Errors
/// When it cannot be installed, or the signal cannot be waited for.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    install::valkey()?;
    Runtime::new()?.block_on(async {
        if arguments.cluster {
            let cluster = ValkeyCluster::start(ClusterOptions::default()).await;
            serve("cluster", &cluster.node_list()).await
        } else {
            let server = ValkeyServer::start().await;
            serve("single", &server.address().to_string()).await
        }
    })
}

async fn serve(mode: &str, addresses: &str) -> Result<(), Failure> {
    println!("Valkey runs until Ctrl-C. In another terminal:\n");
    println!("    export CACHE_MODE={mode}\n    export CACHE_ADDRS={addresses}\n    cargo run\n");
    Ok(tokio::signal::ctrl_c().await?)
}
