//! The audit line of everything that is removed, by a request or on the command line.

use axum::body::Bytes;
use cache::{CacheError, DeleteReport};
use domain::{CallerId, KeyFamily};
use middleware::RequestId;

use crate::authorization::CacheWrite;
use crate::deletion::DeletionPlan;
use crate::key_name::key_hash;

/// Target of the audit lines, for filters of logs.
const TARGET: &str = "audit";

/// How many of the keys that are removed by name an audit line tells apart.
const NAMED: usize = 10;

/// Who removes keys, for the audit lines.
#[derive(Debug, Clone)]
pub struct DeletionAudit {
    caller: CallerId,
    request_id: Option<RequestId>,
}

/// Who deletes what by pattern, kept until it is known how much it was.
#[derive(Debug)]
pub struct AuditEntry {
    who: DeletionAudit,
    pattern: String,
    tenant: Option<String>,
    dry_run: bool,
}

impl DeletionAudit {
    /// Somebody who calls without a request, such as the command line.
    pub fn of(caller: CallerId) -> Self {
        Self { caller, request_id: None }
    }

    /// The caller of a request.
    pub(crate) fn of_request(authorized: &CacheWrite) -> Self {
        Self { caller: authorized.caller().id().clone(), request_id: authorized.request_id().cloned() }
    }

    /// Logs the deletion of keys by name: family and hash of up to ten of them, and how many there were. `deleted` is
    /// absent when the cache did not say.
    pub fn record_keys(&self, keys: &[Bytes], deleted: Option<u64>) {
        let named = keys.iter().take(NAMED);
        let families: Vec<_> =
            named.clone().map(|key| KeyFamily::of(key).map_or("foreign", |family| family.name())).collect();
        let hashes: Vec<_> = named.map(|key| key_hash(key)).collect();
        tracing::info!(
            target: TARGET,
            caller = %self.caller,
            request_id = self.request_id.as_ref().map(RequestId::as_str),
            families = families.join(","),
            keys_sha256 = hashes.join(","),
            keys = keys.len(),
            deleted,
            complete = deleted.is_some(),
            "cache keys deleted by name"
        );
    }

    /// The line of a deletion by pattern, to be recorded at its end.
    pub fn entry(self, plan: &DeletionPlan) -> AuditEntry {
        AuditEntry {
            who: self,
            pattern: plan.pattern.to_string(),
            tenant: plan.tenant.as_ref().map(ToString::to_string),
            dry_run: plan.request.dry_run,
        }
    }
}

impl AuditEntry {
    /// Logs the end of the deletion; of a failed one, what it had done by then.
    pub fn record(&self, outcome: &Result<DeleteReport, CacheError>, progress: &DeleteReport) {
        let report = outcome.as_ref().unwrap_or(progress);
        let what = if self.dry_run {
            "cache keys counted by pattern, none deleted (dry run)"
        } else {
            "cache keys deleted by pattern"
        };
        tracing::info!(
            target: TARGET,
            caller = %self.who.caller,
            request_id = self.who.request_id.as_ref().map(RequestId::as_str),
            pattern = self.pattern,
            tenant = self.tenant,
            dry_run = self.dry_run,
            matched = report.matched(),
            deleted = report.deleted(),
            took_ms = u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
            complete = outcome.is_ok() && report.is_complete(),
            cancelled = report.cancelled,
            "{what}"
        );
    }
}
