//! What is known of an API key.

use std::time::SystemTime;

use crate::api_key_hash::ApiKeyHash;
use crate::caller::{Caller, CallerId};
use crate::key_binding::KeyBinding;
use crate::rate_tier::RateTier;
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
    /// Whom it is for.
    pub binding: KeyBinding,
    /// What it may do.
    pub scopes: Scopes,
    /// The rate limit that its calls are held to, if it is not that of the route.
    pub rate_tier: Option<RateTier>,
    /// Raised by every change of the record, and never lowered.
    pub version: u64,
    /// From when on it is refused; `None` for never.
    pub expires_at: Option<SystemTime>,
}

impl ApiKeyRecord {
    /// Who calls with this key.
    pub fn caller(&self) -> Caller {
        let caller = Caller::new(self.id.clone(), self.scopes.clone()).bound_to(self.binding.clone());
        match self.rate_tier {
            Some(tier) => caller.with_rate_tier(tier),
            None => caller,
        }
    }
}
