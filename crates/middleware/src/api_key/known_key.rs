//! What the layer needs to know of a key.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use domain::{ApiKeyHash, ApiKeyRecord, Caller};

use super::refusal::Refusal;

const SIZE_BYTES: usize = 264;
/// A use of a key is told when the last one that was told is so long ago.
const TELL_EVERY_MILLIS: u64 = 10_000;

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
    /// When a use of it was told last, milliseconds since 1970; zero for never.
    told_at: AtomicU64,
}

impl KnownKey {
    pub(super) fn of(record: &ApiKeyRecord) -> Self {
        Self {
            hash: record.hash,
            caller: record.caller(),
            expires_at: record.expires_at,
            good_until: None,
            was_found_in_trouble: false,
            told_at: AtomicU64::new(0),
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

    /// Whether it is time to tell of a use; says so to one of many who ask at once. One load where it is not.
    pub(super) fn is_use_to_be_told(&self, now: SystemTime) -> bool {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(since.as_millis()).unwrap_or(u64::MAX).max(1);
        let told = self.told_at.load(Ordering::Relaxed);
        let is_due = told == 0 || now.saturating_sub(told) >= TELL_EVERY_MILLIS;
        is_due && self.told_at.compare_exchange(told, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// What it takes in memory, about.
    pub(super) fn bytes(&self) -> usize {
        let scopes: usize = self.caller.scopes().iter().map(|scope| scope.to_string().len() + 32).sum();
        SIZE_BYTES + scopes
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::{KeyBinding, Scopes};

    use super::*;

    #[test]
    fn a_use_is_told_every_ten_seconds_at_most() {
        let known = KnownKey::of(&ApiKeyRecord {
            id: "pods".into(),
            hash: ApiKeyHash::from_bytes([1; 32]),
            name: String::new(),
            binding: KeyBinding::default(),
            scopes: Scopes::default(),
            rate_tier: None,
            version: 1,
            expires_at: None,
        });
        let told = |seconds: u64| {
            let now = UNIX_EPOCH + Duration::from_secs(1_767_225_600 + seconds);
            (0..100).filter(|_| known.is_use_to_be_told(now)).count()
        };
        assert_eq!([0, 1, 9, 10, 19, 60].map(told), [1, 0, 0, 1, 0, 1]);
        assert_eq!(told(30), 0, "a clock that was put back tells of nothing new");
    }
}
