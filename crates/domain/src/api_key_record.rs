//! What is known of an API key.

use std::time::SystemTime;

use crate::api_key_hash::ApiKeyHash;
use crate::caller::{Caller, CallerId};
use crate::scope::Scopes;

/// A registered API key, without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRecord {
    /// Names the key in logs and audit.
    pub id: CallerId,
    /// What a presented key must hash to.
    pub hash: ApiKeyHash,
    /// What people call it.
    pub name: String,
    /// The environment it is for.
    pub environment: String,
    /// What it may do.
    pub scopes: Scopes,
    /// From when on it is refused; `None` for never.
    pub expires_at: Option<SystemTime>,
}

impl ApiKeyRecord {
    /// Whether the key is still good.
    pub fn is_valid_at(&self, now: SystemTime) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// Who calls with this key.
    pub fn caller(&self) -> Caller {
        Caller::new(self.id.clone(), self.scopes.clone())
    }
}
