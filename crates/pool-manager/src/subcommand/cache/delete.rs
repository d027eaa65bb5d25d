//! `pool-manager cache delete`.

use api::{DeletionAudit, DeletionPlan, DeletionRefusal, DeletionWish, key_text};
use bytes::Bytes;
use cache::{CacheClient, DeleteReport, Glob};
use clap::Args;
use domain::{CallerId, TenantId};
use serde_json::json;
use tenancy::AuditNotes;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::super::offline;
use super::{Target, key, pattern};
use crate::failure::Failure;
use crate::output;

/// Arguments of `cache delete`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The keys.
    #[arg(required_unless_present = "pattern", conflicts_with = "pattern")]
    keys: Vec<String>,
    /// The keys are written in base64, as `keyBase64` shows them.
    #[arg(long, conflicts_with = "pattern")]
    base64: bool,
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

pub(super) async fn run(
    target: &Target,
    notes: Option<AuditNotes>,
    arguments: Arguments,
) -> Result<(), Failure> {
    let audit = audit(notes);
    match &arguments.pattern {
        Some(text) => matching(target, audit, pattern(text)?, &arguments).await,
        None => named(target, audit, &arguments.keys, arguments.base64).await,
    }
}

async fn named(
    target: &Target,
    audit: DeletionAudit,
    keys: &[String],
    is_base64: bool,
) -> Result<(), Failure> {
    let keys: Vec<Bytes> = keys.iter().map(|text| key(text, is_base64)).collect::<Result<_, _>>()?;
    let audit = audit.begin_keys(&keys).await;
    let outcome = target.cache.del(&keys).await;
    // Also a failed one is recorded: it may have removed some of them.
    audit.record(outcome.as_ref().ok().copied()).await;
    let deleted = outcome.map_err(Failure::CacheCommand)?;
    output::json(&json!({"deleted": deleted}));
    Ok(())
}

async fn matching(
    target: &Target,
    audit: DeletionAudit,
    pattern: Glob,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let wish = DeletionWish {
        pattern,
        tenant: arguments.tenant.clone(),
        confirm: arguments.confirm,
        foreign: arguments.foreign,
        dry_run: arguments.dry_run,
    };
    let plan = DeletionPlan::of(wish).map_err(refusal)?;
    let audit = audit.begin_pattern(&plan).await;
    let (progress, _) = watch::channel(DeleteReport::default());
    let outcome = target.keyspace.delete(plan.request(), &progress, &CancellationToken::new()).await;
    let seen = progress.borrow().clone();
    audit.record(&outcome, seen).await;
    // Of a failed one, what it had done by then.
    let report = outcome.as_ref().map_or_else(|_| progress.borrow().clone(), Clone::clone);
    let is_complete = outcome.is_ok() && report.is_complete();
    print(&report, arguments.dry_run, is_complete);
    match outcome {
        Ok(_) if is_complete => Ok(()),
        Ok(_) => Err(Failure::Incomplete),
        Err(error) => Err(Failure::CacheCommand(error)),
    }
}

/// What is recorded as the API records it, with another caller.
fn audit(notes: Option<AuditNotes>) -> DeletionAudit {
    DeletionAudit::of(offline::actor(CallerId::COMMAND_LINE), notes)
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
    let samples: Vec<_> = report.samples.iter().map(|key| key_text(key)).collect();
    output::json(&json!({
        "dryRun": dry_run,
        "matched": report.matched(),
        "deleted": report.deleted(),
        "samples": samples,
        "complete": is_complete,
        "tookMs": report.took.as_millis() as u64,
    }));
}
