use crate::api_key_hash::ApiKeyHash;
use crate::api_key_record::ApiKeyRecord;

/// What is remembered of API keys for the time when their source gives no answer. Nothing here waits.
pub trait RememberedKeys: Send + Sync + 'static {
    /// The key was found: at the source, or where a change of it would have been told.
    fn confirm(&self, record: &ApiKeyRecord);

    /// The source knows no such key.
    fn refuse(&self, hash: &ApiKeyHash);

    /// What is remembered of a key.
    fn recall(&self, hash: &ApiKeyHash) -> RecalledKey;

    /// A key was let in by what is remembered of it.
    fn was_honoured(&self);
}

/// What is remembered of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecalledKey {
    /// Nothing, or nothing that counts any more.
    Nothing,
    /// It was good not too long ago. Its own time may be over since.
    Confirmed(ApiKeyRecord),
    /// It was withdrawn.
    Revoked,
}
