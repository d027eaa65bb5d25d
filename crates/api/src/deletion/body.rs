//! What a deletion did, as JSON.

use std::time::Duration;

use cache::{DeleteReport, Unreachable};
use domain::TenantId;
use serde::Serialize;

use crate::deletion::DeletionPlan;
use crate::key_name::key_text;

/// What an answer repeats of the request.
#[derive(Debug, Clone)]
pub(super) struct Labels {
    pattern: String,
    tenant: Option<TenantId>,
    dry_run: bool,
}

impl Labels {
    pub(super) fn of(plan: &DeletionPlan) -> Self {
        Self { pattern: plan.pattern.to_string(), tenant: plan.tenant.clone(), dry_run: plan.request.dry_run }
    }
}

/// The answer, and the data of the events `progress` and `done`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeletionBody {
    pattern: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant_id: Option<TenantId>,
    dry_run: bool,
    /// Keys that were removed; also under `deletedCount`.
    deleted: u64,
    deleted_count: u64,
    /// Keys that matched; what would be deleted, in a dry run.
    matched: u64,
    scanned: u64,
    /// Whether every key was looked at; false until the end.
    complete: bool,
    /// It was stopped before its end, by the limit of time.
    cancelled: bool,
    took_ms: u64,
    nodes: Vec<NodeBody>,
    unreachable: Vec<UnreachableBody>,
    /// Some of the keys that matched; only in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    samples: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeBody {
    node: String,
    scanned: u64,
    matched: u64,
    deleted: u64,
    took_ms: u64,
}

/// A node that did not answer.
#[derive(Debug, Serialize)]
pub(crate) struct UnreachableBody {
    node: String,
    reason: String,
}

impl UnreachableBody {
    pub(crate) fn of(unreachable: Unreachable) -> Self {
        Self { node: unreachable.node, reason: unreachable.reason }
    }
}

impl DeletionBody {
    /// The same of a deletion that still runs.
    pub(super) fn under_way(labels: &Labels, report: DeleteReport) -> Self {
        Self { complete: false, ..Self::of(labels, report) }
    }

    pub(super) fn of(labels: &Labels, report: DeleteReport) -> Self {
        let node_bodies = report.nodes.iter().map(|node| NodeBody {
            node: node.node.clone(),
            scanned: node.scanned,
            matched: node.matched,
            deleted: node.deleted,
            took_ms: milliseconds(node.took),
        });
        Self {
            pattern: labels.pattern.clone(),
            tenant_id: labels.tenant.clone(),
            dry_run: labels.dry_run,
            deleted: report.deleted(),
            deleted_count: report.deleted(),
            matched: report.matched(),
            scanned: report.scanned(),
            complete: report.is_complete(),
            cancelled: report.cancelled,
            took_ms: milliseconds(report.took),
            nodes: node_bodies.collect(),
            unreachable: report.unreachable.into_iter().map(UnreachableBody::of).collect(),
            samples: labels.dry_run.then(|| report.samples.iter().map(|key| key_text(key)).collect()),
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}
