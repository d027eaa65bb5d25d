//! API keys, as they are administered.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::api_key_hash::ApiKeyHash;
use crate::api_key_record::ApiKeyRecord;
use crate::caller::CallerId;
use crate::display_name::DisplayName;
use crate::key_binding::KeyBinding;
use crate::rate_tier::RateTier;
use crate::revocation_reason::RevocationReason;
use crate::scope::Scopes;
use crate::segment::{self, SegmentError};
use crate::timestamp::Timestamp;

/// How many former texts a key has, the ended ones included.
const MAX_FORMERS: usize = 8;

/// A key of a service, or of somebody else, without its text. A rotation keeps the record and gives it another text, so that the
/// caller keeps its name in logs, limits and audit, and old and new are one record with one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyEntry {
    /// Names the key in logs and audit: the public id of its text, where it was made here.
    pub id: String,
    /// Raised by every change.
    pub version: u64,
    /// Whose it is, and whose tenants it sees. A key of a service has an environment, and so has one of a tenant: the tenant's.
    #[serde(flatten)]
    pub binding: KeyBinding,
    /// What people call it.
    pub name: DisplayName,
    /// What its text must hash to.
    pub hash: ApiKeyHash,
    /// The texts before it, the newest last: good until their time is over, and then kept a little for others to forget them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub formers: Vec<FormerText>,
    /// What it may do besides reading what is its service's, if it has one.
    #[serde(skip_serializing_if = "Scopes::is_empty", default)]
    pub scopes: Scopes,
    /// The rate limit that it is held to, if it is not that of the route.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tier: Option<RateTier>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// From when on it is refused; nothing for never.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_at: Option<Timestamp>,
    /// Since when it is withdrawn.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub revoked_at: Option<Timestamp>,
    /// Why, where somebody said so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub revocation_reason: Option<RevocationReason>,
}

/// The text that a key had before it was rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FormerText {
    /// What it hashes to.
    pub hash: ApiKeyHash,
    /// From when on it is refused.
    pub until: Timestamp,
}

/// The state does not allow the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyTransition {
    /// It is withdrawn.
    #[error("the key is revoked")]
    Revoked,
    /// Its time is over.
    #[error("the key has expired")]
    Expired,
    /// As many texts as may be overlap.
    #[error("{MAX_FORMERS} former texts of the key are still good: wait, or rotate with a shorter overlap")]
    TooManyTexts,
}

/// Why a text is no id of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyIdError {
    /// It cannot stand in a path.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// The configured key has it, or what acts without one.
    #[error("is a name of the service's own")]
    Reserved,
}

impl ApiKeyEntry {
    const MAX_ID: usize = 128;

    /// Whether a text can be the id of a key: paths, logs and audit rows have to take it, and it is no name of the service's own.
    pub fn check_id(text: &str) -> Result<(), ApiKeyIdError> {
        segment::check(text, Self::MAX_ID)?;
        if CallerId::RESERVED.contains(&text) { Err(ApiKeyIdError::Reserved) } else { Ok(()) }
    }

    /// What a presented text with this hash is good for; `None` when it is none of its texts, or the key is withdrawn.
    pub fn record(&self, hash: &ApiKeyHash) -> Option<ApiKeyRecord> {
        if self.revoked_at.is_some() {
            return None;
        }
        let expires_at = if self.hash == *hash {
            self.expires_at
        } else {
            let former = self.formers.iter().find(|former| former.hash == *hash)?;
            Some(self.expires_at.map_or(former.until, |end| end.min(former.until)))
        };
        Some(ApiKeyRecord {
            id: self.id.as_str().into(),
            hash: *hash,
            name: self.name.to_string(),
            binding: self.binding.clone(),
            scopes: self.scopes.clone(),
            rate_tier: self.tier,
            version: self.version,
            expires_at: expires_at.map(Into::into),
        })
    }

    /// Whether any text of it is good.
    pub fn is_live_at(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// The hashes of its texts, also of the last that ended: what has to be forgotten elsewhere when it changes.
    pub fn hashes(&self) -> impl Iterator<Item = ApiKeyHash> {
        std::iter::once(self.hash).chain(self.formers.iter().map(|former| former.hash))
    }

    /// Withdraws it, at once and for ever.
    pub fn revoke(
        &mut self,
        reason: Option<RevocationReason>,
        now: Timestamp,
    ) -> Result<(), ApiKeyTransition> {
        if self.revoked_at.is_some() {
            return Err(ApiKeyTransition::Revoked);
        }
        self.revoked_at = Some(now);
        self.revocation_reason = reason;
        Ok(())
    }

    /// Gives it another text. The one before is good for `overlap` yet, and never for longer than the key: rotating extends no
    /// life. Those before that keep what they were promised, unless this overlap is shorter.
    pub fn rotate(
        &mut self,
        hash: ApiKeyHash,
        overlap: Duration,
        now: Timestamp,
    ) -> Result<(), ApiKeyTransition> {
        if self.revoked_at.is_some() {
            return Err(ApiKeyTransition::Revoked);
        }
        if self.expires_at.is_some_and(|end| end <= now) {
            return Err(ApiKeyTransition::Expired);
        }
        let until = now.after(overlap);
        let until = self.expires_at.map_or(until, |end| end.min(until));
        for former in &mut self.formers {
            former.until = former.until.min(until);
        }
        if self.formers.len() >= MAX_FORMERS {
            let ended = self.formers.iter().position(|former| former.until <= now);
            self.formers.remove(ended.ok_or(ApiKeyTransition::TooManyTexts)?);
        }
        self.formers.push(FormerText { hash: self.hash, until });
        self.hash = hash;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use crate::scope::Scope;
    use std::time::SystemTime;

    const NOW: i64 = 1_000_000;

    fn hash(byte: u8) -> ApiKeyHash {
        ApiKeyHash::from_bytes([byte; 32])
    }

    fn key(expires_at: Option<i64>) -> ApiKeyEntry {
        ApiKeyEntry {
            id: "000000000001".to_owned(),
            version: 1,
            binding: KeyBinding {
                service: Some("ledger".parse().unwrap()),
                environment: Some(Environment::Staging),
                tenant: None,
            },
            name: "pods".parse().unwrap(),
            hash: hash(1),
            formers: Vec::new(),
            scopes: Scopes::default(),
            tier: None,
            created_by: "bootstrap".to_owned(),
            created_at: Timestamp::from_millis(0),
            expires_at: expires_at.map(Timestamp::from_millis),
            revoked_at: None,
            revocation_reason: None,
        }
    }

    #[test]
    fn the_former_text_ends_with_the_overlap_and_never_after_the_key() {
        let now = Timestamp::from_millis(NOW);
        let until = |key: &ApiKeyEntry| key.record(&hash(1)).unwrap().expires_at;
        let time = |millis| Some(SystemTime::from(Timestamp::from_millis(millis)));
        let mut open = key(None);
        open.rotate(hash(2), Duration::from_secs(60), now).unwrap();
        assert_eq!((until(&open), open.record(&hash(2)).unwrap().expires_at), (time(NOW + 60_000), None));
        let mut short = key(Some(NOW + 10));
        short.rotate(hash(2), Duration::from_secs(60), now).unwrap();
        assert_eq!(until(&short), time(NOW + 10));
        let later = Timestamp::from_millis(NOW + 10);
        assert_eq!(short.rotate(hash(4), Duration::ZERO, later), Err(ApiKeyTransition::Expired));
    }

    #[test]
    fn what_was_promised_to_a_former_text_is_kept_unless_the_next_overlap_is_shorter() {
        let now = Timestamp::from_millis(NOW);
        let mut key = key(None);
        key.rotate(hash(2), Duration::from_secs(60), now).unwrap();
        key.rotate(hash(3), Duration::from_secs(600), now).unwrap();
        let until = |key: &ApiKeyEntry, text: u8| key.record(&hash(text)).unwrap().expires_at;
        let time = |millis| Some(SystemTime::from(Timestamp::from_millis(millis)));
        assert_eq!((until(&key, 1), until(&key, 2)), (time(NOW + 60_000), time(NOW + 600_000)));
        key.rotate(hash(4), Duration::ZERO, now).unwrap();
        assert!((1..4).all(|text| until(&key, text) == time(NOW)), "a leak ends all of them");
        for text in 5..30 {
            key.rotate(hash(text), Duration::ZERO, now).unwrap();
        }
        assert_eq!(key.hashes().count(), 1 + MAX_FORMERS);
        for text in 30..38 {
            key.rotate(hash(text), Duration::from_secs(60), now).unwrap();
        }
        let refused = key.rotate(hash(99), Duration::from_secs(60), now);
        assert_eq!(refused, Err(ApiKeyTransition::TooManyTexts));
    }

    #[test]
    fn a_revoked_key_opens_nothing_with_any_text() {
        let now = Timestamp::from_millis(NOW);
        let mut key = key(None);
        key.rotate(hash(2), Duration::from_secs(60), now).unwrap();
        key.revoke(None, now).unwrap();
        assert!(key.record(&hash(1)).is_none() && key.record(&hash(2)).is_none());
        assert_eq!(key.revoke(None, now), Err(ApiKeyTransition::Revoked));
        assert_eq!(key.rotate(hash(3), Duration::ZERO, now), Err(ApiKeyTransition::Revoked));
    }

    #[test]
    fn is_stored_and_read_back() {
        let key = ApiKeyEntry {
            tier: Some(RateTier::Relaxed),
            scopes: Scopes::from_iter([Scope::CACHE_READ]),
            ..key(Some(5))
        };
        let json = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<ApiKeyEntry>(&json).unwrap(), key);
        let mut own = ApiKeyEntry {
            binding: KeyBinding {
                service: None,
                environment: Some(Environment::Production),
                tenant: Some("acme".parse().unwrap()),
            },
            ..key
        };
        own.revoke(Some("leaked".parse().unwrap()), Timestamp::from_millis(NOW)).unwrap();
        let json = serde_json::to_string(&own).unwrap();
        assert_eq!(serde_json::from_str::<ApiKeyEntry>(&json).unwrap(), own);
    }

    #[test]
    fn what_was_stored_before_there_were_keys_of_tenants_is_read() {
        let hash = hash(1);
        let stored = format!(
            r#"{{"id":"pods","version":3,"service":"ledger","environment":"staging","name":"pods","hash":"{hash}","createdBy":"ana","createdAt":7,"revokedAt":9}}"#
        );
        let read: ApiKeyEntry = serde_json::from_str(&stored).unwrap();
        assert_eq!(read.binding, key(None).binding);
        assert_eq!((read.revoked_at, read.revocation_reason), (Some(Timestamp::from_millis(9)), None));
    }
}
