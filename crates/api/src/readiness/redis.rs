//! The check of the cache. It is called `redis` on the wire, as in every service of the platform.

use cache::{CacheClient, CacheError, CacheHandle, NodeRole};

use super::finding::Finding;
use crate::readiness::CheckStatus;

/// Asks every node that owns keys; when one of them fails, counts those that answer.
pub(super) async fn check(handle: &CacheHandle) -> Finding {
    let cache = match handle.current() {
        Ok(cache) => cache,
        Err(error) => return Finding { status: CheckStatus::Down, reason: Some(category(&error)) },
    };
    let Err(error) = cache.ping().await else {
        return Finding { status: CheckStatus::Up, reason: None };
    };
    let down = Finding { status: CheckStatus::Down, reason: Some(category(&error)) };
    let Ok(stats) = cache.keyspace().stats().await else { return down };
    let answering = stats.nodes.iter().filter(|node| node.role != NodeRole::Replica).count();
    if answering == 0 {
        return down;
    }
    let reason = match stats.unreachable.len() {
        0 => category(&error),
        away => format!("{answering} shards answer, {away} nodes do not"),
    };
    Finding { status: CheckStatus::Degraded, reason: Some(reason) }
}

/// Probes are open to everybody, so they say what kind of fault it is and neither address nor detail.
fn category(error: &CacheError) -> String {
    let category = match error {
        CacheError::Closed => "the client is closed",
        CacheError::Config(_) => "the configuration is wrong",
        CacheError::Unavailable { .. } => "no connection",
        CacheError::Timeout { .. } => "no answer in time",
        CacheError::Interrupted { .. } => "the connection was cut",
        CacheError::Refused { .. } => "the server refuses",
        CacheError::Full { .. } => "full",
        CacheError::Miss | CacheError::WrongType | CacheError::Protocol { .. } => "unexpected answer",
    };
    category.to_owned()
}
