//! `pool-manager cache delete`.

use bytes::Bytes;
use cache::{CacheClient, DeleteReport, DeleteRequest, Glob, KeyFilter};
use clap::Args;
use domain::KeyFamily;
use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Target, pattern};
use crate::failure::Failure;
use crate::output;

/// Arguments of `cache delete`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The keys.
    #[arg(required_unless_present = "pattern", conflicts_with = "pattern")]
    keys: Vec<String>,
    /// All keys that match this glob instead.
    #[arg(long)]
    pattern: Option<String>,
    /// Count and sample; delete nothing.
    #[arg(long, requires = "pattern")]
    dry_run: bool,
    /// Delete also where the pattern matches everything; even then only keys of this service.
    #[arg(long, requires = "pattern")]
    confirm: bool,
}

pub(super) async fn run(target: &Target, arguments: Arguments) -> Result<(), Failure> {
    match &arguments.pattern {
        Some(text) => matching(target, pattern(text)?, &arguments).await,
        None => {
            let keys: Vec<Bytes> = arguments.keys.into_iter().map(Bytes::from).collect();
            let deleted = target.cache.del(&keys).await.map_err(Failure::CacheCommand)?;
            audit(None, false, deleted);
            output::json(&json!({"deleted": deleted}));
            Ok(())
        }
    }
}

async fn matching(target: &Target, glob: Glob, arguments: &Arguments) -> Result<(), Failure> {
    let is_catch_all = is_catch_all(&glob);
    if is_catch_all && !arguments.confirm && !arguments.dry_run {
        let reason = format!("{glob} matches every key; add --confirm to delete the keys of this service");
        return Err(Failure::Argument { argument: "--pattern", reason });
    }
    let request = DeleteRequest {
        filter: is_catch_all.then(|| KeyFilter::new(|key| KeyFamily::of(key).is_some())),
        dry_run: arguments.dry_run,
        samples: if arguments.dry_run { 20 } else { 0 },
        ..DeleteRequest::matching(glob)
    };
    let (progress, _) = watch::channel(DeleteReport::default());
    let report = target.keyspace.delete(&request, &progress, &CancellationToken::new()).await;
    let report = report.map_err(Failure::CacheCommand)?;
    audit(arguments.pattern.as_deref(), arguments.dry_run, report.deleted());
    print(&report, arguments.dry_run);
    Ok(())
}

/// Whether the pattern says nothing about which keys: it names no letter or digit, or it matches a key of every
/// family.
fn is_catch_all(glob: &Glob) -> bool {
    glob.has_no_literal()
        || !glob.as_str().contains(|character: char| character.is_ascii_alphanumeric())
        || KeyFamily::sample_keys().iter().all(|key| glob.matches(key.as_bytes()))
}

/// As the API does: who, what, how much. Keys themselves may name tenants and do not show.
fn audit(pattern: Option<&str>, dry_run: bool, deleted: u64) {
    tracing::info!(target: "audit", caller = "command line", pattern, dry_run, deleted, "cache keys deleted");
}

/// One line for each node, one for the whole.
fn print(report: &DeleteReport, dry_run: bool) {
    for node in &report.nodes {
        output::json(&json!({
            "node": node.node,
            "scanned": node.scanned,
            "matched": node.matched,
            "deleted": node.deleted,
            "tookMs": node.took.as_millis() as u64,
        }));
    }
    for missing in &report.unreachable {
        output::json(&json!({"unreachable": missing.node, "reason": missing.reason}));
    }
    let samples: Vec<_> = report.samples.iter().map(|key| String::from_utf8_lossy(key)).collect();
    output::json(&json!({
        "dryRun": dry_run,
        "matched": report.matched(),
        "deleted": report.deleted(),
        "samples": samples,
        "complete": report.is_complete(),
        "tookMs": report.took.as_millis() as u64,
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_says_nothing_is_a_catch_all() {
        for pattern in ["*", "**", "?*", "[^x]*", "*:*", "{*}*", "[a-z]*"] {
            assert!(is_catch_all(&pattern.parse().unwrap()), "{pattern}");
        }
        for pattern in ["tenant:*", "*7*", "ratelimit:default:1"] {
            assert!(!is_catch_all(&pattern.parse().unwrap()), "{pattern}");
        }
    }
}
