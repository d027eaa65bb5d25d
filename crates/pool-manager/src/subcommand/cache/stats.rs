//! `pool-manager cache stats`.

use serde_json::json;

use super::Target;
use crate::failure::Failure;
use crate::output;

pub(super) async fn run(target: &Target) -> Result<(), Failure> {
    let stats = target.keyspace.stats().await.map_err(Failure::CacheCommand)?;
    for node in &stats.nodes {
        output::json(&json!({
            "node": node.address,
            "role": node.role.name(),
            "slots": node.slots,
            "keys": node.keys,
            "usedMemoryBytes": node.used_memory_bytes,
            "maxMemoryBytes": node.max_memory_bytes,
            "hits": node.hits,
            "misses": node.misses,
            "evictions": node.evictions,
            "clients": node.clients,
            "version": node.version,
        }));
    }
    for missing in &stats.unreachable {
        output::json(&json!({"unreachable": missing.node, "reason": missing.reason}));
    }
    output::json(&json!({
        "mode": stats.mode.map(cache::CacheMode::name),
        "keys": stats.totals.keys,
        "usedMemoryBytes": stats.totals.used_memory_bytes,
        "hits": stats.totals.hits,
        "misses": stats.totals.misses,
        "hitRatio": stats.totals.hit_ratio(),
        "evictions": stats.totals.evictions,
        "clients": stats.totals.clients,
    }));
    Ok(())
}
