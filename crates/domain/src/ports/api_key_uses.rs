use std::collections::BTreeMap;
use std::time::SystemTime;

use async_trait::async_trait;

use super::StoreUnavailable;
use crate::caller::CallerId;
use crate::timestamp::Timestamp;

/// When keys were used last. Kept apart from the keys: a use is no change, raises no version and is told to nobody.
#[async_trait]
pub trait ApiKeyUses: Send + Sync + 'static {
    /// Notes all of them, or, where the store goes away over it, some. A later time that is known of a key stays.
    async fn note_api_key_uses(&self, uses: &[ApiKeyUse]) -> Result<(), StoreUnavailable>;

    /// When those of these keys were used last that ever were, as far as was noted.
    async fn api_key_uses(&self, ids: &[String]) -> Result<BTreeMap<String, Timestamp>, StoreUnavailable>;
}

/// A key was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyUse {
    /// The id of the key.
    pub id: String,
    /// When.
    pub at: Timestamp,
}

/// Hears of keys that callers were let in with: each key every few seconds at most, not every call. Nothing here waits for
/// anything outside of the process.
pub trait UsedKeys: Send + Sync + 'static {
    /// The key with this id was used.
    fn was_used(&self, id: &CallerId, at: SystemTime);
}
