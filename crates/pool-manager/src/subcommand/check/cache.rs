//! Whether every node of the cache answers.

use cache::{CacheClient, CacheConfig, CacheError, Refusal, Selection, Unreachable};
use middleware::error_chain;
use tokio::time::timeout;

use super::{LIMIT, Row};
use crate::cache_link;

const SUBJECT: &str = "cache";
const REACH: &str = "see that the address is right, the server runs, the network (security group) lets us through, \
                     and CACHE_TLS_ENABLED fits";

pub(super) async fn row(selection: &Selection) -> Row {
    let Selection::Valkey { config, .. } = selection else { return Row::well(SUBJECT, "embedded") };
    let what = format!(
        "{} at {}{}",
        config.mode.name(),
        cache_link::addresses(config),
        if config.tls { " with TLS" } else { "" }
    );
    match timeout(LIMIT, look(config)).await {
        Ok(Ok(nodes)) => Row::well(SUBJECT, format!("{what}, nodes that answer: {nodes}")),
        Ok(Err(Finding::Away(nodes))) => {
            let nodes: Vec<_> = nodes.iter().map(|away| format!("{} ({})", away.node, away.reason)).collect();
            Row::fault(SUBJECT, format!("{what}: no answer from {}", nodes.join(", ")), REACH)
        }
        Ok(Err(Finding::Failed(error))) => {
            let detail = format!("{what}: {}", error_chain(&error).replace('\n', "; "));
            if error.is_misconfiguration() {
                Row::misconfigured(SUBJECT, detail, fix(&error))
            } else {
                Row::fault(SUBJECT, detail, fix(&error))
            }
        }
        Err(_elapsed) => {
            Row::fault(SUBJECT, format!("{what}: no answer within {} s", LIMIT.as_secs()), REACH)
        }
    }
}

/// What a look at the cache came to, other than well.
enum Finding {
    /// There is no connection.
    Failed(CacheError),
    /// Connected, but for these nodes.
    Away(Vec<Unreachable>),
}

impl From<CacheError> for Finding {
    fn from(error: CacheError) -> Self {
        Self::Failed(error)
    }
}

/// How many nodes answer, if all do.
async fn look(config: &CacheConfig) -> Result<usize, Finding> {
    let cache = cache::connect(config.clone()).await?;
    let stats = cache.keyspace().stats().await;
    cache.close().await;
    let stats = stats?;
    if stats.unreachable.is_empty() { Ok(stats.nodes.len()) } else { Err(Finding::Away(stats.unreachable)) }
}

fn fix(error: &CacheError) -> &'static str {
    match error {
        CacheError::Config(_) => "change the variables that the message names",
        CacheError::Unavailable { .. } | CacheError::Timeout { .. } | CacheError::Interrupted { .. } => REACH,
        CacheError::Protocol { .. } => "see that the address is that of a Valkey server and not of a proxy",
        CacheError::Refused { refusal, .. } => match refusal {
            Refusal::Credentials => {
                "correct CACHE_USERNAME and CACHE_PASSWORD (or CACHE_PASSWORD_FILE), or the user on the server"
            }
            Refusal::Permission(_) => {
                "allow the user the command and the keys (ACL SETUSER), or set CACHE_USERNAME to another user"
            }
            Refusal::Certificate(_) => {
                "set CACHE_CA_CERT_BASE64 to the authority that signed the certificate, and write a host in \
                 CACHE_ADDRS that the certificate names"
            }
            Refusal::Topology(_) => "set CACHE_MODE as the message says, or correct CACHE_ADDRS",
            Refusal::OutOfMemory => "raise maxmemory of the server, or give it an eviction policy",
            Refusal::ReadOnly => "write the address of the primary in CACHE_ADDRS, or wait for the fail-over",
            Refusal::NotReady(_) => {
                "wait until the server has loaded its data, or the cluster is whole; then check again"
            }
            Refusal::Other(_) => "see the log of the server for what it has against the command",
        },
        // What no connection attempt ends in.
        CacheError::Miss | CacheError::Closed | CacheError::WrongType | CacheError::Full { .. } => {
            "check again; if it stays, report it as a fault of this program"
        }
    }
}
