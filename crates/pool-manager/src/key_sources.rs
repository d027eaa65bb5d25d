//! Several sources of API keys as one.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{ApiKeyHash, ApiKeyRecord, ApiKeySource, MemoryApiKeys, SourceUnavailable};

/// The keys that are known at start, then those of the record store: the first operator gets in while the store is away.
pub(crate) struct KeySources {
    pub(crate) known: MemoryApiKeys,
    pub(crate) stored: Arc<dyn ApiKeySource>,
}

#[async_trait]
impl ApiKeySource for KeySources {
    async fn find(&self, hash: &ApiKeyHash) -> Result<Option<ApiKeyRecord>, SourceUnavailable> {
        match self.known.find(hash).await? {
            Some(record) => Ok(Some(record)),
            None => self.stored.find(hash).await,
        }
    }
}
