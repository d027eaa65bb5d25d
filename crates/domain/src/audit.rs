//! Who changed what.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::audit_action::AuditAction;
use crate::caller::CallerId;
use crate::environment::Environment;
use crate::key_binding::KeyBinding;
use crate::timestamp::Timestamp;

/// One row of the audit log, written with the change it tells of. It holds no secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Names the row.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// From where, if that is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub address: Option<IpAddr>,
    /// The request that asked for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_id: Option<String>,
    /// What was done.
    pub action: AuditAction,
    /// To what, such as `tenants/{id}/associations/{service}`.
    pub target: String,
    /// Where the tenant belongs that it is about; nothing for what is of no environment, such as the catalogue.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub environment: Option<Environment>,
    /// How it was; nothing for what is new.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<Value>,
    /// How it is now; nothing for what is gone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<Value>,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Its name.
    pub caller: CallerId,
    /// Whose tenants it sees.
    pub binding: KeyBinding,
    /// From where, if that is known.
    pub address: Option<IpAddr>,
    /// The request that asks.
    pub request_id: Option<String>,
}
