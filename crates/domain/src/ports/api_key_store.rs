use async_trait::async_trait;

use super::{ApiKeySource, StoreUnavailable};
use crate::api_key_entry::ApiKeyEntry;
use crate::change::{Change, CommitError};
use crate::service_name::ServiceName;

/// Where keys are kept. As a source it knows the texts that are good, and the former ones that are good yet.
#[async_trait]
pub trait ApiKeyStore: ApiKeySource {
    /// The key with this id.
    async fn api_key(&self, id: &str) -> Result<Option<ApiKeyEntry>, StoreUnavailable>;

    /// The keys of a service, or those of none, by id, revoked and expired ones too: at most `limit` behind `after`.
    async fn api_keys(
        &self,
        service: Option<&ServiceName>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ApiKeyEntry>, StoreUnavailable>;

    /// Writes a key. [`CommitError::Taken`] when another one has its text, now or as a former one.
    async fn commit_api_key(&self, change: Change<ApiKeyEntry>) -> Result<(), CommitError>;
}
