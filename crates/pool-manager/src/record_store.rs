//! The record store under each of its ports.

use std::path::Path;
use std::sync::Arc;

use api::StoreName;
use domain::{
    ApiKeyStore, CatalogueStore, ChangeFeed, Clock, IdempotencyLedger, SealedRows, StoreHealth, TenantStore,
};
use store::SqliteStore;

use crate::failure::Failure;

const EMBEDDED_FILE: &str = "records.sqlite";

/// One store under each of its ports. Cheap to clone.
#[derive(Clone)]
pub struct RecordStore {
    pub(crate) tenants: Arc<dyn TenantStore>,
    pub(crate) catalogue: Arc<dyn CatalogueStore>,
    pub(crate) service_keys: Arc<dyn ApiKeyStore>,
    pub(crate) changes: Arc<dyn ChangeFeed>,
    pub(crate) ledger: Arc<dyn IdempotencyLedger>,
    pub(crate) sealed_rows: Arc<dyn SealedRows>,
    pub(crate) health: Arc<dyn StoreHealth>,
    pub(crate) name: StoreName,
}

impl RecordStore {
    /// The embedded store in a file below `data_dir`, made and migrated if need be.
    pub fn embedded(data_dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        Ok(Self::of(SqliteStore::open(&data_dir.join(EMBEDDED_FILE), clock)?, StoreName::Sqlite))
    }

    fn of<S>(store: S, name: StoreName) -> Self
    where
        S: TenantStore
            + CatalogueStore
            + ApiKeyStore
            + ChangeFeed
            + IdempotencyLedger
            + SealedRows
            + StoreHealth,
    {
        let store = Arc::new(store);
        Self {
            tenants: store.clone(),
            catalogue: store.clone(),
            service_keys: store.clone(),
            changes: store.clone(),
            ledger: store.clone(),
            sealed_rows: store.clone(),
            health: store,
            name,
        }
    }
}
