//! What is remembered of API keys: their hashes and what they may do, never their texts.

use std::sync::atomic::Ordering;

use domain::{ApiKeyEntry, ApiKeyHash, ApiKeyRecord, ApiKeySource, RecalledKey, RememberedKeys, cache_keys};

use super::content::{Content, Kind, Stored, What};
use super::table::Renewal;
use super::{FailSafe, Shared};

/// Keys of services only. What the first operator's key may do is configuration: it needs no source, and must be of no use the
/// moment that it is configured away.
impl RememberedKeys for FailSafe {
    fn confirm(&self, record: &ApiKeyRecord) {
        let Some(shared) = self.0.as_ref().filter(|_| record.binding.service.is_some()) else { return };
        let (name, now) = (cache_keys::api_key(&record.hash), shared.now());
        if shared.table().renew(&name, record.version, now) == Renewal::New
            || shared.known(&name).is_some_and(|(kind, _)| kind == Kind::Revoked)
        {
            let what = What::Key(record);
            shared.remember(&name, &Content { version: record.version, confirmed_at: now, what });
        }
    }

    fn refuse(&self, hash: &ApiKeyHash) {
        if let Some(shared) = &self.0 {
            shared.refuse(hash, None);
        }
    }

    fn recall(&self, hash: &ApiKeyHash) -> RecalledKey {
        let Some(shared) = &self.0 else { return RecalledKey::Nothing };
        match shared.recall(&cache_keys::api_key(hash)) {
            Some((opened, _age)) => match opened.stored {
                Stored::Key(key) => RecalledKey::Confirmed(key.into_record(opened.version)),
                Stored::Revoked => RecalledKey::Revoked,
                _ => RecalledKey::Nothing,
            },
            None => RecalledKey::Nothing,
        }
    }

    fn was_honoured(&self) {
        if let Some(shared) = &self.0 {
            shared.honoured.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl FailSafe {
    /// This process changed the key. Says whether anything was noted.
    pub(crate) fn learn_key(&self, key: &ApiKeyEntry) -> bool {
        let Some(shared) = &self.0 else { return false };
        let mut is_noted = false;
        for hash in key.hashes() {
            let name = cache_keys::api_key(&hash);
            let what = match key.record(&hash) {
                None => What::Revoked,
                Some(record) if shared.known(&name).is_some() => {
                    let content = Content {
                        version: key.version,
                        confirmed_at: shared.now(),
                        what: What::Key(&record),
                    };
                    is_noted |= shared.remember(&name, &content);
                    continue;
                }
                Some(_) => continue,
            };
            let content = Content { version: key.version, confirmed_at: shared.now(), what };
            is_noted |= shared.remember(&name, &content);
        }
        is_noted
    }

    /// Somebody changed a key with these hashes to this version: what is remembered of them is found out anew. Says whether
    /// anything was noted.
    pub(crate) async fn follow_key(
        &self,
        hashes: &[ApiKeyHash],
        version: u64,
        source: &dyn ApiKeySource,
    ) -> Result<bool, domain::SourceUnavailable> {
        let Some(shared) = &self.0 else { return Ok(false) };
        let mut is_noted = false;
        for hash in hashes {
            let name = cache_keys::api_key(hash);
            if !shared.is_behind(&name, version) {
                continue;
            }
            match source.find(hash).await.inspect_err(|_| shared.supersede(&name, version))? {
                Some(record) => {
                    let now = shared.now();
                    let what = What::Key(&record);
                    let content = Content { version: record.version, confirmed_at: now, what };
                    is_noted |= shared.remember(&name, &content);
                }
                None => {
                    shared.refuse(hash, Some(version));
                    is_noted = true;
                }
            }
        }
        Ok(is_noted)
    }
}

impl Shared {
    /// Where anything is remembered of the key.
    fn refuse(&self, hash: &ApiKeyHash, version: Option<u64>) {
        let name = cache_keys::api_key(hash);
        let Some((kind, known)) = self.known(&name) else { return };
        if kind == Kind::Revoked && version.is_none_or(|version| version <= known) {
            return;
        }
        let version = version.unwrap_or(known).max(known);
        self.remember(&name, &Content { version, confirmed_at: self.now(), what: What::Revoked });
    }
}
