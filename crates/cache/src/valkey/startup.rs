//! From a configuration to a client whose nodes all answered, and the end of one.

use std::sync::Arc;
use std::time::Duration;

use futures::future::try_join_all;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::command::Command;
use super::counters::Counting;
use super::failure::Failure;
use super::link::LinkSettings;
use super::node::{Lane, Surroundings};
use super::scan::self_test;
use super::topology::Topology;
use super::{ValkeyCache, reply};
use crate::address::NodeAddress;
use crate::config::{CacheConfig, CacheMode, ConfigProblem, ConfigProblems};
use crate::error::{CacheError, Refusal};
use crate::keyspace::ScanMethod;

/// Connects and returns when every node that owns slots answered a PING; otherwise closes all that was opened.
pub(super) async fn connect(config: CacheConfig) -> Result<ValkeyCache, CacheError> {
    if config.addresses.is_empty() {
        let problem = ConfigProblem::NoAddress { because: "CACHE_MODE".to_owned() };
        return Err(CacheError::Config(ConfigProblems(vec![problem])));
    }
    let closed = CancellationToken::new();
    // Ends what was begun when this future, or the client, is dropped without a goodbye.
    let ends_with_client = closed.clone().drop_guard();
    let surroundings = Surroundings {
        settings: Arc::new(LinkSettings::new(&config)?),
        counting: Arc::new(Counting::default()),
        tasks: TaskTracker::new(),
        trouble: Arc::new(Notify::new()),
        pool_size: config.pool_size,
        max_retries: config.max_retries,
        batches: config.mode == CacheMode::Single,
        closed,
    };
    let topology = Arc::new(Topology::new(config.mode, config.addresses.clone(), surroundings));
    match greet(&topology, &config).await {
        Ok(method) => {
            if config.mode == CacheMode::Cluster {
                topology.surroundings.tasks.spawn(Arc::clone(&topology).keep_fresh());
            }
            Ok(ValkeyCache { topology, method, read_timeout: config.read_timeout, ends_with_client })
        }
        Err(error) => {
            end(&topology).await;
            Err(error)
        }
    }
}

/// Ends every task and link.
pub(super) async fn end(topology: &Topology) {
    topology.surroundings.closed.cancel();
    topology.surroundings.tasks.close();
    topology.surroundings.tasks.wait().await;
}

async fn greet(topology: &Topology, config: &CacheConfig) -> Result<ScanMethod, CacheError> {
    let deadline = Instant::now() + config.dial_timeout + config.read_timeout;
    let failed =
        |failure: Failure, address: &NodeAddress| failure.into_error(address, "PING", config.dial_timeout);
    if config.mode == CacheMode::Cluster {
        read_first_map(topology, deadline).await.map_err(|failure| failed(failure, &config.addresses[0]))?;
        if !topology.map().is_complete() {
            let (from, _) = topology.map().ranges_of(None)[0];
            return Err(topology.unowned(from));
        }
    }
    let map = topology.map();
    let pings = map.owners().map(|master| async move {
        let commands = [Command::new("PING"), Command::new("INFO").text("server")];
        let answers = topology.node(&master.address).ask(Lane::Requests, commands, deadline).await;
        let [_, info] = answers.map_err(|failure| failed(failure, &master.address))?;
        let info = reply::text(&info).unwrap_or_default();
        check_mode(topology.mode, &info, &master.address)?;
        Ok::<_, CacheError>(info)
    });
    let infos = try_join_all(pings).await?;
    match config.mode {
        CacheMode::Single => Ok(ScanMethod::WholeNode),
        CacheMode::Cluster => Ok(self_test(topology, &infos, deadline).await),
    }
}

/// Asks until a node tells a map: one address may name several nodes, some of them not there.
async fn read_first_map(topology: &Topology, deadline: Instant) -> Result<(), Failure> {
    loop {
        match topology.refresh().await {
            Ok(()) => return Ok(()),
            Err(failure) if failure.is_final() || Instant::now() >= deadline => return Err(failure),
            Err(Failure::NotSent(_)) if topology.seeds_are_down() => return topology.refresh().await,
            // It is loading, or alone so far.
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

fn check_mode(mode: CacheMode, info: &str, address: &NodeAddress) -> Result<(), CacheError> {
    let server_mode =
        reply::info_field(info, "server_mode").or_else(|| reply::info_field(info, "redis_mode"));
    let fault = match (mode, server_mode) {
        (CacheMode::Single, Some("cluster")) => "the server is a cluster; set CACHE_MODE=cluster",
        (CacheMode::Cluster, Some("standalone")) => "the server is no cluster; set CACHE_MODE=single",
        _ => return Ok(()),
    };
    Err(CacheError::Refused { node: address.to_string(), refusal: Refusal::Topology(fault) })
}
