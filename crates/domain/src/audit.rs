//! Who changed what.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::caller::CallerId;
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
    /// How it was; nothing for what is new.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<Value>,
    /// How it is now; nothing for what is gone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<Value>,
}

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuditAction {
    /// Something was made.
    Create,
    /// It was changed.
    Update,
    /// It was kept out.
    Suspend,
    /// It was let in again.
    Reactivate,
    /// Its data were destroyed.
    Purge,
    /// It was removed.
    Delete,
    /// A key was withdrawn.
    Revoke,
    /// A key was replaced.
    Rotate,
    /// Services were asked to read it anew.
    Invalidate,
    /// It came from the service before this one.
    Import,
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
