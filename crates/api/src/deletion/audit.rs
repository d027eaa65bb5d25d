//! The audit line of everything that is removed through the API.

use axum::body::Bytes;
use cache::{CacheError, DeleteReport};
use domain::{CallerId, KeyFamily};
use middleware::RequestId;

use crate::authorization::CacheWrite;
use crate::deletion::DeletionPlan;
use crate::key_name::key_hash;

/// Target of the audit lines, for filters of logs.
const TARGET: &str = "audit";

/// Who deletes what, kept until it is known how much it was.
#[derive(Debug)]
pub(super) struct AuditEntry {
    caller: CallerId,
    request_id: Option<RequestId>,
    pattern: String,
    tenant: Option<String>,
    dry_run: bool,
}

impl AuditEntry {
    pub(super) fn of(authorized: &CacheWrite, plan: &DeletionPlan) -> Self {
        Self {
            caller: authorized.caller().id().clone(),
            request_id: authorized.request_id().cloned(),
            pattern: plan.pattern.to_string(),
            tenant: plan.tenant.as_ref().map(ToString::to_string),
            dry_run: plan.request.dry_run,
        }
    }

    #[cfg(test)]
    pub(super) fn for_tests() -> Self {
        Self {
            caller: CallerId::from("test"),
            request_id: None,
            pattern: "*".to_owned(),
            tenant: None,
            dry_run: false,
        }
    }

    /// Logs the end of the deletion; of a failed one, what it had done by then.
    pub(super) fn record(&self, outcome: &Result<DeleteReport, CacheError>, progress: &DeleteReport) {
        let report = outcome.as_ref().unwrap_or(progress);
        tracing::info!(
            target: TARGET,
            caller = %self.caller,
            request_id = self.request_id.as_ref().map(RequestId::as_str),
            pattern = self.pattern,
            tenant = self.tenant,
            dry_run = self.dry_run,
            matched = report.matched(),
            deleted = report.deleted(),
            took_ms = u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
            complete = outcome.is_ok() && report.is_complete(),
            cancelled = report.cancelled,
            "cache keys deleted by pattern"
        );
    }
}

/// Logs the deletion of keys by name: family and hash of up to ten of them, and the whole. `deleted` is absent when the
/// cache did not say.
pub(crate) fn audit_keys(authorized: &CacheWrite, keys: &[Bytes], deleted: Option<u64>) {
    const NAMED: usize = 10;
    let named = keys.iter().take(NAMED);
    let families: Vec<_> =
        named.clone().map(|key| KeyFamily::of(key).map_or("foreign", |family| family.name())).collect();
    let hashes: Vec<_> = named.map(|key| key_hash(key)).collect();
    tracing::info!(
        target: TARGET,
        caller = %authorized.caller().id(),
        request_id = authorized.request_id().map(RequestId::as_str),
        families = families.join(","),
        keys_sha256 = hashes.join(","),
        keys = keys.len(),
        deleted,
        complete = deleted.is_some(),
        "cache keys deleted by name"
    );
}
