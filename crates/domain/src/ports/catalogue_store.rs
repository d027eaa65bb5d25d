use async_trait::async_trait;

use super::StoreUnavailable;
use crate::catalogue::Catalogue;
use crate::change::{Change, CommitError};

/// Where the catalogue is kept.
#[async_trait]
pub trait CatalogueStore: Send + Sync + 'static {
    /// All services; an empty catalogue of version 0 before the first is registered.
    async fn catalogue(&self) -> Result<Catalogue, StoreUnavailable>;

    /// Writes the catalogue.
    async fn commit_catalogue(&self, change: Change<Catalogue>) -> Result<(), CommitError>;
}
