use async_trait::async_trait;

use super::{ApiKeySource, StoreUnavailable};
use crate::change::{Change, CommitError};
use crate::service_key::ServiceKey;
use crate::service_name::ServiceName;

/// Where the keys of services are kept. As a source it knows the texts that are good, and the former ones that are good yet.
#[async_trait]
pub trait ApiKeyStore: ApiKeySource {
    /// The key with this id.
    async fn service_key(&self, id: &str) -> Result<Option<ServiceKey>, StoreUnavailable>;

    /// The keys of a service by id, revoked and expired ones too: at most `limit` behind `after`.
    async fn service_keys(
        &self,
        service: &ServiceName,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ServiceKey>, StoreUnavailable>;

    /// Writes a key. [`CommitError::Taken`] when another one has its text, now or as a former one.
    async fn commit_service_key(&self, change: Change<ServiceKey>) -> Result<(), CommitError>;
}
