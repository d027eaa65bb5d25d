//! Servers that many tests share, because a cluster takes two seconds to start and needs six processes.
//!
//! `cargo xtask test` starts them once for all test programs and names them in the environment. A test program
//! that is run by itself starts its own, once. Tests on them destroy nothing, and keep apart by
//! [`unique_prefix`].

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::OnceCell;

use crate::mongo::MongoServer;
use crate::moto::MotoServer;
use crate::rabbitmq::RabbitMq;
use crate::valkey::{ClusterOptions, ClusterView, ValkeyCluster, ValkeyServer};

/// Names the nodes of the shared cluster, separated by commas.
pub const CLUSTER_VARIABLE: &str = "TEST_VALKEY_CLUSTER";
/// Names the shared single server.
pub const SINGLE_VARIABLE: &str = "TEST_VALKEY_SINGLE";
/// Names the shared MongoDB server.
pub const MONGO_VARIABLE: &str = "TEST_MONGO";
/// Names the shared stand-in for AWS.
pub const MOTO_VARIABLE: &str = "TEST_MOTO";
/// Names the shared RabbitMQ broker.
pub const RABBITMQ_VARIABLE: &str = "TEST_RABBITMQ";
/// How large tests of size are, as a part of their full size: `0.1` when not set, `1` for the full size.
pub const SCALE_VARIABLE: &str = "TEST_SCALE";

/// The shared cluster of three masters and three replicas.
///
/// # Panics
/// When it is named in the environment and cannot be reached, or cannot be started.
pub async fn shared_cluster() -> ClusterView {
    static OWN: OnceCell<ValkeyCluster> = OnceCell::const_new();
    match variable(CLUSTER_VARIABLE) {
        Some(list) => ClusterView::external(&addresses(CLUSTER_VARIABLE, &list)).await,
        None => (**OWN.get_or_init(|| ValkeyCluster::start(ClusterOptions::default())).await).clone(),
    }
}

/// The address of the shared single server.
///
/// # Panics
/// When its name in the environment is not an address, or it cannot be started.
pub async fn shared_single() -> SocketAddr {
    static OWN: OnceCell<ValkeyServer> = OnceCell::const_new();
    match variable(SINGLE_VARIABLE) {
        Some(text) => addresses(SINGLE_VARIABLE, &text).into_iter().next().expect("one address"),
        None => OWN.get_or_init(ValkeyServer::start).await.address(),
    }
}

/// The address of the shared MongoDB server. Tests keep apart by the names of their databases: see [`unique_prefix`].
///
/// # Panics
/// When its name in the environment is not an address, or it cannot be started.
pub async fn shared_mongo() -> SocketAddr {
    static OWN: OnceCell<MongoServer> = OnceCell::const_new();
    match variable(MONGO_VARIABLE) {
        Some(text) => addresses(MONGO_VARIABLE, &text).into_iter().next().expect("one address"),
        None => OWN.get_or_init(MongoServer::start).await.address(),
    }
}

/// The address of the shared stand-in for AWS. Tests keep apart by the names of what they make there.
///
/// # Panics
/// When its name in the environment is not an address, or it cannot be started.
pub async fn shared_moto() -> SocketAddr {
    static OWN: OnceCell<MotoServer> = OnceCell::const_new();
    match variable(MOTO_VARIABLE) {
        Some(text) => addresses(MOTO_VARIABLE, &text).into_iter().next().expect("one address"),
        None => OWN.get_or_init(MotoServer::start).await.address(),
    }
}

/// The URI of the shared RabbitMQ broker. Tests keep apart by the names of their exchanges and queues: see
/// [`unique_prefix`].
///
/// # Panics
/// When it is not named in the environment and cannot be started.
pub async fn shared_rabbitmq() -> String {
    static OWN: OnceCell<RabbitMq> = OnceCell::const_new();
    match variable(RABBITMQ_VARIABLE) {
        Some(uri) => uri,
        None => OWN.get_or_init(RabbitMq::start).await.uri(),
    }
}

/// A part of a full size, as `TEST_SCALE` says; at least one.
///
/// # Panics
/// When `TEST_SCALE` is not a number.
pub fn scaled(full: usize) -> usize {
    let text = variable(SCALE_VARIABLE).unwrap_or_else(|| String::from("0.1"));
    let scale: f64 = text.parse().unwrap_or_else(|_| panic!("{SCALE_VARIABLE}={text:?} is not a number"));
    // Sizes of tests are far below 2^52, and a rounding error in them does no harm.
    ((full as f64 * scale) as usize).max(1)
}

/// A key prefix that no other test of this run uses.
pub fn unique_prefix() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("t{}-{}-", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn addresses(name: &str, list: &str) -> Vec<SocketAddr> {
    let parse = |text: &str| {
        text.trim()
            .parse()
            .unwrap_or_else(|_| panic!("{name}: {text:?} is not an address like 127.0.0.1:6379"))
    };
    list.split(',').map(parse).collect()
}

#[expect(clippy::disallowed_methods, reason = "what names the servers of a test run has no other way in")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
