//! Tokens that were verified, until they expire.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use domain::Caller;
use moka::sync::Cache;

use super::presented::TokenHash;
use super::signing_key::SigningKey;

/// Of all that are remembered together; those that were used least lately go first.
const MAX_BYTES: u64 = 8 * 1024 * 1024;
/// One that nobody shows any more takes no room until its end.
const IDLE: Duration = Duration::from_secs(900);
const SIZE_BYTES: usize = 512;

/// A token that was verified.
pub(super) struct Verified {
    pub(super) caller: Caller,
    /// From when on it is refused.
    pub(super) until: SystemTime,
    /// Whose key signed it, by its place in the policy.
    pub(super) issuer: usize,
    pub(super) key_id: String,
    /// The key itself: when the issuer has another under that id, or none, the token is verified again.
    pub(super) key: Arc<SigningKey>,
}

/// What is remembered, by the hash of the token.
#[derive(Clone)]
pub(super) struct VerifiedTokens(Cache<TokenHash, Arc<Verified>>);

impl VerifiedTokens {
    pub(super) fn new() -> Self {
        let bytes = |_: &TokenHash, verified: &Arc<Verified>| {
            let scopes: usize =
                verified.caller.scopes().iter().map(|scope| scope.to_string().len() + 32).sum();
            u32::try_from(SIZE_BYTES + verified.key_id.len() + scopes).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(MAX_BYTES).weigher(bytes).time_to_idle(IDLE).build())
    }

    pub(super) fn get(&self, hash: &TokenHash) -> Option<Arc<Verified>> {
        self.0.get(hash)
    }

    pub(super) fn put(&self, hash: TokenHash, verified: Arc<Verified>) {
        self.0.insert(hash, verified);
    }

    pub(super) fn forget(&self, hash: &TokenHash) {
        self.0.invalidate(hash);
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use domain::Scopes;
    use testkit::{TokenAlgorithm, TokenKey};

    use super::super::signing_key::key_set;
    use super::*;

    #[test]
    fn they_do_not_pile_up() {
        let published = serde_json::json!({ "keys": [TokenKey::generate("a", TokenAlgorithm::EdDsa).jwk()] });
        let keys = key_set(published.to_string().as_bytes(), &Default::default()).unwrap();
        let tokens = VerifiedTokens::new();
        let verified = Arc::new(Verified {
            caller: Caller::new("token:a".into(), Scopes::default()),
            until: UNIX_EPOCH,
            issuer: 0,
            key_id: "a".to_owned(),
            key: Arc::clone(&keys["a"]),
        });
        for number in 0..50_000_u32 {
            let mut hash = [0; 32];
            hash[..4].copy_from_slice(&number.to_be_bytes());
            tokens.put(hash, Arc::clone(&verified));
        }
        tokens.0.run_pending_tasks();
        assert!((1_000..20_000).contains(&tokens.0.entry_count()), "{}", tokens.0.entry_count());
    }
}
