//! `pool-manager cache delete`.

use api::{DeletionPlan, DeletionRefusal, DeletionWish};
use bytes::Bytes;
use cache::{CacheClient, DeleteReport, Glob};
use clap::Args;
use domain::TenantId;
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
    /// Only keys of this tenant; a UUID finds the keys in both spellings.
    #[arg(long, requires = "pattern")]
    tenant: Option<TenantId>,
    /// Count and sample; delete nothing.
    #[arg(long, requires = "pattern")]
    dry_run: bool,
    /// Delete also where the pattern matches everything; even then only keys of this service.
    #[arg(long, requires = "pattern")]
    confirm: bool,
    /// With --confirm, also keys of other programs.
    #[arg(long, requires = "confirm")]
    foreign: bool,
}

pub(super) async fn run(target: &Target, arguments: Arguments) -> Result<(), Failure> {
    match &arguments.pattern {
        Some(text) => matching(target, pattern(text)?, &arguments).await,
        None => named(target, arguments.keys).await,
    }
}

async fn named(target: &Target, keys: Vec<String>) -> Result<(), Failure> {
    let keys: Vec<Bytes> = keys.into_iter().map(Bytes::from).collect();
    let outcome = target.cache.del(&keys).await;
    // Also a failed one is logged: it may have removed some of them. Keys may name tenants and do not show.
    tracing::info!(
        target: "audit",
        caller = CALLER,
        keys = keys.len(),
        deleted = outcome.as_ref().ok().copied(),
        complete = outcome.is_ok(),
        "cache keys deleted by name"
    );
    let deleted = outcome.map_err(Failure::CacheCommand)?;
    output::json(&json!({"deleted": deleted}));
    Ok(())
}

async fn matching(target: &Target, pattern: Glob, arguments: &Arguments) -> Result<(), Failure> {
    let wish = DeletionWish {
        pattern,
        tenant: arguments.tenant.clone(),
        confirm: arguments.confirm,
        foreign: arguments.foreign,
        dry_run: arguments.dry_run,
    };
    let plan = DeletionPlan::of(wish).map_err(refusal)?;
    let (progress, _) = watch::channel(DeleteReport::default());
    let outcome = target.keyspace.delete(plan.request(), &progress, &CancellationToken::new()).await;
    // Of a failed one, what it had done by then.
    let report = outcome.as_ref().map_or_else(|_| progress.borrow().clone(), Clone::clone);
    let is_complete = outcome.is_ok() && report.is_complete();
    audit(arguments, &report, is_complete);
    print(&report, arguments.dry_run, is_complete);
    match outcome {
        Ok(_) if is_complete => Ok(()),
        Ok(_) => Err(Failure::Incomplete),
        Err(error) => Err(Failure::CacheCommand(error)),
    }
}

fn refusal(refusal: DeletionRefusal) -> Failure {
    match refusal {
        DeletionRefusal::CatchAllNotConfirmed { pattern } => Failure::Argument {
            argument: "--pattern",
            reason: format!("{pattern} matches everything; add --confirm to delete the keys of this service"),
        },
        DeletionRefusal::Tenant(problem) => {
            Failure::Argument { argument: "--tenant", reason: problem.to_string() }
        }
    }
}

/// The caller in audit lines.
const CALLER: &str = "command line";

/// As the API does: who, what, how much.
fn audit(arguments: &Arguments, report: &DeleteReport, is_complete: bool) {
    tracing::info!(
        target: "audit",
        caller = CALLER,
        pattern = arguments.pattern,
        tenant = arguments.tenant.as_ref().map(ToString::to_string),
        dry_run = arguments.dry_run,
        matched = report.matched(),
        deleted = report.deleted(),
        took_ms = report.took.as_millis() as u64,
        complete = is_complete,
        "cache keys deleted by pattern"
    );
}

/// One line for each node, one for the whole.
fn print(report: &DeleteReport, dry_run: bool, is_complete: bool) {
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
        "complete": is_complete,
        "tookMs": report.took.as_millis() as u64,
    }));
}
