//! How to reach Valkey.

pub(crate) mod password_file;
mod problem;
mod secret;
mod variables;

use std::path::PathBuf;
use std::time::Duration;

pub use password_file::PasswordFileProblem;
pub use problem::{ConfigProblem, ConfigProblems};
pub use secret::Secret;
pub use variables::{CacheVariables, RedisVariables, Selection};

use crate::address::NodeAddress;

/// The topology that the addresses lead to. Never guessed from the number of addresses: ElastiCache gives one
/// configuration address for a whole cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheMode {
    /// One node, or the primary endpoint of a replication group.
    Single,
    /// A cluster; any one of its addresses is enough.
    Cluster,
}

impl CacheMode {
    /// `single` or `cluster`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Cluster => "cluster",
        }
    }
}

/// Everything [`connect`](crate::connect) needs. Built by [`CacheVariables::resolve`] from the environment, or by
/// [`CacheConfig::single`] and [`CacheConfig::cluster`] in tests and other programs.
#[derive(Debug, Clone)]
pub struct CacheConfig {
    /// Addresses to begin at; at least one.
    pub addresses: Vec<NodeAddress>,
    /// AUTH password, or the ACL user's.
    pub password: Option<Secret>,
    /// File that holds the password. Read again for every link that is opened; `password` is what it held at first.
    pub password_file: Option<PathBuf>,
    /// ACL user; without it the password alone is sent.
    pub username: Option<String>,
    /// Whether to speak TLS.
    pub tls: bool,
    /// PEM certificates of the authority to trust instead of the system's.
    pub ca_certificate_pem: Option<Vec<u8>>,
    /// The topology.
    pub mode: CacheMode,
    /// The most links to open to one node, at least 1. Links are multiplexed: two are used, one for requests and
    /// one for scans, deletions and large values. The link on which a node tells of changed keys is not counted.
    pub pool_size: usize,
    /// How often one command is repeated on a failure that may pass, within the budget of its operation.
    pub max_retries: u32,
    /// Limit on making a link: TCP, TLS and authentication together.
    pub dial_timeout: Duration,
    /// Limit on one answer for background work. Request-path operations have their own budget of 500 ms.
    pub read_timeout: Duration,
    /// Limit on bytes that the server does not acknowledge (`TCP_USER_TIMEOUT`).
    pub write_timeout: Duration,
}

impl CacheConfig {
    /// Defaults for one node.
    pub fn single(address: NodeAddress) -> Self {
        Self::with_defaults(CacheMode::Single, vec![address])
    }

    /// Defaults for a cluster reached through any of `addresses`.
    pub fn cluster(addresses: Vec<NodeAddress>) -> Self {
        Self::with_defaults(CacheMode::Cluster, addresses)
    }

    fn with_defaults(mode: CacheMode, addresses: Vec<NodeAddress>) -> Self {
        Self {
            addresses,
            password: None,
            password_file: None,
            username: None,
            tls: false,
            ca_certificate_pem: None,
            mode,
            pool_size: 10,
            max_retries: 3,
            dial_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(3),
            write_timeout: Duration::from_secs(3),
        }
    }
}
