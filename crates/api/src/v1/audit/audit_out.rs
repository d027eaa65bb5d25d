//! A row of the audit log as callers get it.

use domain::{AuditEntry, AuditRow};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Who did what, when, from where. It holds no secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditOut {
    /// Its number in the chain, as `pool-manager audit verify` names it.
    #[schema(example = 4711)]
    sequence: u64,
    /// Tells rows apart.
    #[schema(example = "0f8fad5b-d9cb-469f-a165-70867728950e")]
    id: String,
    /// When it happened.
    #[schema(example = "2026-01-31T08:00:00Z")]
    at: String,
    /// The id of the key, `bootstrap`, `command-line`, `import`, or `anonymous` for who has none.
    #[schema(example = "bootstrap")]
    actor: String,
    /// From where, if that is known; of refused attempts by IPv6, the network (/64).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "192.0.2.1")]
    address: Option<String>,
    /// The request that asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// What was done.
    #[schema(example = "suspend")]
    action: &'static str,
    /// To what.
    #[schema(example = "tenants/0f8fad5bd9cb469fa16570867728950e/associations/ledger")]
    target: String,
    /// Where the tenant or the key belongs that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "staging")]
    environment: Option<&'static str>,
    /// How it was; not there for what is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    before: Option<Value>,
    /// How it is since; not there for what is gone. Of what changed no record, what was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    after: Option<Value>,
}

impl AuditOut {
    pub(super) fn of(row: AuditRow) -> Self {
        let AuditEntry { id, at, actor, address, request_id, action, target, environment, before, after } =
            row.entry;
        Self {
            sequence: row.sequence,
            id: id.to_string(),
            at: at.to_string(),
            actor,
            address: address.map(|address| address.to_string()),
            request_id,
            action: action.name(),
            target,
            environment: environment.map(domain::Environment::name),
            before,
            after,
        }
    }
}
