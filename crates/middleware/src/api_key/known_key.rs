//! What the layer needs to know of a key.

use std::time::SystemTime;

use domain::{ApiKeyHash, ApiKeyRecord, Caller};

use super::refusal::Refusal;

const SIZE_BYTES: usize = 256;

/// A key that the source knows: whose it is, and until when it is good.
#[derive(Debug)]
pub(super) struct KnownKey {
    hash: ApiKeyHash,
    caller: Caller,
    expires_at: Option<SystemTime>,
    /// From when on the record that told of it is too old; `None` when it came from the source itself.
    good_until: Option<SystemTime>,
    /// The shared cache gave no answer when it was looked up.
    pub(super) was_found_in_trouble: bool,
}

impl KnownKey {
    pub(super) fn of(record: &ApiKeyRecord) -> Self {
        Self {
            hash: record.hash,
            caller: record.caller(),
            expires_at: record.expires_at,
            good_until: None,
            was_found_in_trouble: false,
        }
    }

    pub(super) fn found_in_trouble(self, is_in_trouble: bool) -> Self {
        Self { was_found_in_trouble: is_in_trouble, ..self }
    }

    /// The same, told by a record that is good until then.
    pub(super) fn good_until(self, then: SystemTime) -> Self {
        Self { good_until: Some(then), ..self }
    }

    /// Whether what told of it is too old by now: it has to be looked up again.
    pub(super) fn is_old_at(&self, now: SystemTime) -> bool {
        self.good_until.is_some_and(|end| end <= now)
    }

    /// Who calls. Asked for each request anew, so that no verdict outlives the key.
    pub(super) fn caller_at(&self, hash: &ApiKeyHash, now: SystemTime) -> Result<Caller, Refusal> {
        // It is found by its hash; were that ever to go wrong, it opens nothing. This compares in constant time.
        if self.hash != *hash {
            return Err(Refusal::Unknown);
        }
        if self.expires_at.is_some_and(|end| end <= now) {
            return Err(Refusal::Expired { id: self.caller.id().clone() });
        }
        Ok(self.caller.clone())
    }

    /// Whether it is good for all of the time up to `then`.
    pub(super) fn lasts_until(&self, then: SystemTime) -> bool {
        self.expires_at.is_none_or(|end| then <= end)
    }

    /// What it takes in memory, about.
    pub(super) fn bytes(&self) -> usize {
        let scopes: usize = self.caller.scopes().iter().map(|scope| scope.to_string().len() + 32).sum();
        SIZE_BYTES + scopes
    }
}
