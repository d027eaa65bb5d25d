//! What is left of everything that is removed, by a request or on the command line: a row of the audit log before it and one at
//! its end, and a line of the log.
//!
//! The first row says what was meant, should nobody live to write the second. Where the record store is away the rows wait and
//! the deletion runs all the same: to clear the cache is what operators do in an outage. The line of the log is there in any case.

use axum::body::Bytes;
use cache::{CacheError, DeleteReport};
use domain::{Actor, AuditAction, KeyFamily};
use serde_json::{Value, json};
use tenancy::AuditNotes;
use uuid::Uuid;

use crate::authorization::CacheWrite;
use crate::deletion::DeletionPlan;
use crate::key_name::key_hash;
use crate::state::ApiState;

/// Target of the audit lines, for filters of logs.
const TARGET: &str = "audit";

/// How many of the keys that are removed by name are told apart.
const NAMED: usize = 10;

/// Who removes keys.
#[derive(Debug, Clone)]
pub struct DeletionAudit {
    actor: Actor,
    /// Nobody writes rows where there is no record store.
    notes: Option<AuditNotes>,
}

/// Keys that are being removed by name.
#[derive(Debug)]
pub struct KeysAudit {
    who: DeletionAudit,
    families: Vec<&'static str>,
    hashes: Vec<String>,
    keys: usize,
    intent: Option<Uuid>,
}

/// What is being deleted by pattern, kept until it is known how much it was.
#[derive(Debug)]
pub struct PatternAudit {
    who: DeletionAudit,
    pattern: String,
    tenant: Option<String>,
    dry_run: bool,
    intent: Option<Uuid>,
}

impl DeletionAudit {
    /// Somebody who calls without a request, such as the command line.
    pub fn of(actor: Actor, notes: Option<AuditNotes>) -> Self {
        Self { actor, notes }
    }

    /// The caller of a request.
    pub(crate) fn of_request(authorized: &CacheWrite, state: &ApiState) -> Self {
        Self::of(authorized.actor(), Some(state.use_cases().audit_notes.clone()))
    }

    /// Before keys are removed by name: family and hash of up to ten of them, and how many there are.
    pub async fn begin_keys(self, keys: &[Bytes]) -> KeysAudit {
        let named = keys.iter().take(NAMED);
        let families: Vec<_> =
            named.clone().map(|key| KeyFamily::of(key).map_or("foreign", |family| family.name())).collect();
        let hashes = named.map(|key| key_hash(key)).collect();
        let begun = KeysAudit { who: self, families, hashes, keys: keys.len(), intent: None };
        let intent = begun.who.note("cache/keys", begun.facts("intended")).await;
        KeysAudit { intent, ..begun }
    }

    /// Before a deletion by pattern. A dry run changes nothing, and leaves its line alone.
    pub async fn begin_pattern(self, plan: &DeletionPlan) -> PatternAudit {
        let begun = PatternAudit {
            who: self,
            pattern: plan.pattern.to_string(),
            tenant: plan.tenant.as_ref().map(ToString::to_string),
            dry_run: plan.request.dry_run,
            intent: None,
        };
        if begun.dry_run {
            return begun;
        }
        let intent = begun.who.note("cache/pattern", begun.facts("intended")).await;
        PatternAudit { intent, ..begun }
    }

    /// Writes a row, or leaves it to be written, and says which it is.
    async fn note(&self, target: &str, after: Value) -> Option<Uuid> {
        let notes = self.notes.as_ref()?;
        let entry = notes.entry(&self.actor, AuditAction::Delete, target, after);
        let id = entry.id;
        notes.note(entry).await;
        Some(id)
    }
}

impl KeysAudit {
    /// At the end: `deleted` is absent when the cache did not say.
    pub async fn record(self, deleted: Option<u64>) {
        tracing::info!(
            target: TARGET,
            caller = %self.who.actor.caller,
            request_id = self.who.actor.request_id,
            families = self.families.join(","),
            keys_sha256 = self.hashes.join(","),
            keys = self.keys,
            deleted,
            complete = deleted.is_some(),
            "cache keys deleted by name"
        );
        let mut facts = self.facts("done");
        facts["deleted"] = json!(deleted);
        facts["complete"] = json!(deleted.is_some());
        self.who.note("cache/keys", facts).await;
    }

    fn facts(&self, stage: &str) -> Value {
        let Self { families, hashes, keys, .. } = self;
        staged(stage, self.intent, json!({ "families": families, "keysSha256": hashes, "keys": keys }))
    }
}

impl PatternAudit {
    /// At the end; of a failed one, what it had done by then.
    pub async fn record(self, outcome: &Result<DeleteReport, CacheError>, progress: DeleteReport) {
        let report = outcome.as_ref().unwrap_or(&progress);
        let is_complete = outcome.is_ok() && report.is_complete();
        let what = if self.dry_run {
            "cache keys counted by pattern, none deleted (dry run)"
        } else {
            "cache keys deleted by pattern"
        };
        tracing::info!(
            target: TARGET,
            caller = %self.who.actor.caller,
            request_id = self.who.actor.request_id,
            pattern = self.pattern,
            tenant = self.tenant,
            dry_run = self.dry_run,
            matched = report.matched(),
            deleted = report.deleted(),
            took_ms = u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
            complete = is_complete,
            cancelled = report.cancelled,
            "{what}"
        );
        if self.dry_run {
            return;
        }
        let mut facts = self.facts("done");
        facts["matched"] = json!(report.matched());
        facts["deleted"] = json!(report.deleted());
        facts["complete"] = json!(is_complete);
        facts["cancelled"] = json!(report.cancelled);
        self.who.note("cache/pattern", facts).await;
    }

    fn facts(&self, stage: &str) -> Value {
        staged(stage, self.intent, json!({ "pattern": self.pattern, "tenant": self.tenant }))
    }
}

/// What the row says: whether it was meant or done and, when done, which row says what was meant.
fn staged(stage: &str, intent: Option<Uuid>, mut facts: Value) -> Value {
    facts["stage"] = json!(stage);
    if let Some(intent) = intent {
        facts["intent"] = json!(intent);
    }
    facts
}
