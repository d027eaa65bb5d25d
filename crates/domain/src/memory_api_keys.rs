//! API keys that are known at start.

use async_trait::async_trait;

use crate::api_key_hash::ApiKeyHash;
use crate::api_key_record::ApiKeyRecord;
use crate::ports::{ApiKeySource, SourceUnavailable};

/// A few keys in memory. Every look-up compares with every key in constant time, so how long it takes tells nothing.
#[derive(Debug, Clone, Default)]
pub struct MemoryApiKeys(Vec<ApiKeyRecord>);

impl MemoryApiKeys {
    /// A source of these keys.
    pub fn new(records: impl IntoIterator<Item = ApiKeyRecord>) -> Self {
        Self(records.into_iter().collect())
    }
}

#[async_trait]
impl ApiKeySource for MemoryApiKeys {
    async fn find(&self, hash: &ApiKeyHash) -> Result<Option<ApiKeyRecord>, SourceUnavailable> {
        let found =
            self.0.iter().fold(None, |found, record| if record.hash == *hash { Some(record) } else { found });
        Ok(found.cloned())
    }
}
