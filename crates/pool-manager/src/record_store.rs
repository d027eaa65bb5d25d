//! The record store under each of its ports.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use api::StoreName;
use domain::{
    ApiKeyStore, ApiKeyUses, AuditLog, CatalogueStore, ChangeFeed, Clock, EventLog, IdempotencyLedger,
    LeaseStore, SealedRows, SecretWrites, StoreHealth, SystemClock, TenantStore,
};
use middleware::error_chain;
use store::{ConnectError, MongoSettings, MongoStore, SqliteStore, StoreInspection};
use tokio_util::sync::CancellationToken;

use crate::config::{MongoConfig, StoreConfig};
use crate::failure::Failure;

const EMBEDDED_FILE: &str = "records.sqlite";
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Also the longest that a replica which starts during an outage stays behind its end.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// One store under each of its ports. Cheap to clone.
#[derive(Clone)]
pub struct RecordStore {
    pub(crate) tenants: Arc<dyn TenantStore>,
    pub(crate) catalogue: Arc<dyn CatalogueStore>,
    pub(crate) api_keys: Arc<dyn ApiKeyStore>,
    pub(crate) api_key_uses: Arc<dyn ApiKeyUses>,
    pub(crate) changes: Arc<dyn ChangeFeed>,
    pub(crate) ledger: Arc<dyn IdempotencyLedger>,
    pub(crate) sealed_rows: Arc<dyn SealedRows>,
    pub(crate) secret_writes: Arc<dyn SecretWrites>,
    pub(crate) events: Arc<dyn EventLog>,
    pub(crate) audit: Arc<dyn AuditLog>,
    pub(crate) leases: Arc<dyn LeaseStore>,
    pub(crate) health: Arc<dyn StoreHealth>,
    pub(crate) name: StoreName,
    /// What has to be prepared, and tidied afterwards.
    mongo: Option<MongoStore>,
}

impl RecordStore {
    /// The store that is configured. One outside of the process is not connected yet: that is `keep`.
    pub async fn of(config: &StoreConfig, data_dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        match config {
            StoreConfig::Embedded => Self::embedded(data_dir, clock),
            StoreConfig::Mongo(config) => {
                let store = MongoStore::open(settings(config), clock).await?;
                Ok(Self { mongo: Some(store.clone()), ..Self::under_each_port(store, StoreName::Mongodb) })
            }
        }
    }

    /// The store that is configured, connected, with its schema up to date: for commands.
    pub(crate) async fn up_to_date(
        config: &StoreConfig,
        data_dir: &Path,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Failure> {
        let store = Self::of(config, data_dir, clock).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// The embedded store in a file below `data_dir`, made and migrated if need be.
    pub fn embedded(data_dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        let path = embedded_file(data_dir);
        let store = SqliteStore::open(&path, clock).map_err(|source| Failure::Store { path, source })?;
        Ok(Self::under_each_port(store, StoreName::Sqlite))
    }

    /// The same with a layer round its tenants: whole-service tests bring one that can be stopped.
    #[must_use]
    pub fn with_tenants(self, layer: impl FnOnce(Arc<dyn TenantStore>) -> Arc<dyn TenantStore>) -> Self {
        Self { tenants: layer(self.tenants), ..self }
    }

    /// The same with a layer round its API keys.
    #[must_use]
    pub fn with_api_keys(self, layer: impl FnOnce(Arc<dyn ApiKeyStore>) -> Arc<dyn ApiKeyStore>) -> Self {
        Self { api_keys: layer(self.api_keys), ..self }
    }

    /// The same with a layer round its feed of changes.
    #[must_use]
    pub fn with_changes(self, layer: impl FnOnce(Arc<dyn ChangeFeed>) -> Arc<dyn ChangeFeed>) -> Self {
        Self { changes: layer(self.changes), ..self }
    }

    fn under_each_port<S>(store: S, name: StoreName) -> Self
    where
        S: TenantStore
            + CatalogueStore
            + ApiKeyStore
            + ApiKeyUses
            + ChangeFeed
            + IdempotencyLedger
            + SealedRows
            + SecretWrites
            + EventLog
            + AuditLog
            + LeaseStore
            + StoreHealth,
    {
        let store = Arc::new(store);
        Self {
            tenants: store.clone(),
            catalogue: store.clone(),
            api_keys: store.clone(),
            api_key_uses: store.clone(),
            changes: store.clone(),
            ledger: store.clone(),
            sealed_rows: store.clone(),
            secret_writes: store.clone(),
            events: store.clone(),
            audit: store.clone(),
            leases: store.clone(),
            health: store,
            name,
            mongo: None,
        }
    }

    /// Applies migrations, tried until the store answers, and then tidies it for ever. Returns only with an error that waiting
    /// cannot mend.
    pub(crate) async fn keep(&self) -> ConnectError {
        if let Some(store) = &self.mongo {
            if let Err(error) = prepare(store).await {
                return error;
            }
            store.run_settling(CancellationToken::new()).await;
        }
        std::future::pending().await
    }

    /// What can be seen of MongoDB without changing it.
    pub(crate) async fn inspect(config: &MongoConfig) -> Result<StoreInspection, ConnectError> {
        MongoStore::open(settings(config), Arc::new(SystemClock)).await?.inspect().await
    }

    /// Makes the indexes that somebody has removed, and says how many those were. The embedded store has them in its file.
    pub(crate) async fn make_missing_indexes(&self) -> Result<usize, ConnectError> {
        match &self.mongo {
            Some(store) => store.make_missing_indexes().await,
            None => Ok(0),
        }
    }

    /// Applies migrations now, or fails. The embedded store has applied its own when it was opened.
    pub(crate) async fn migrate(&self) -> Result<(), ConnectError> {
        match &self.mongo {
            Some(store) => store.prepare().await,
            None => Ok(()),
        }
    }
}

async fn prepare(store: &MongoStore) -> Result<(), ConnectError> {
    let mut pause = FIRST_PAUSE;
    loop {
        match store.prepare().await {
            Ok(()) => {
                tracing::info!("the record store answers");
                return Ok(());
            }
            Err(error @ ConnectError::Unavailable(_)) => {
                let (cause, seconds) = (error_chain(&error), pause.as_secs_f64());
                tracing::warn!(error = cause, next_try_seconds = seconds, "the record store does not answer");
            }
            Err(error) => return Err(error),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// The servers that are configured, without the credentials. A URI that cannot be read names none, and is told otherwise.
pub(crate) fn hosts(config: &MongoConfig) -> Option<String> {
    settings(config).hosts().ok()
}

/// Where the embedded store is.
pub(crate) fn embedded_file(data_dir: &Path) -> PathBuf {
    data_dir.join(EMBEDDED_FILE)
}

fn settings(config: &MongoConfig) -> MongoSettings {
    MongoSettings {
        ca_certificate_pem: config.ca_certificate_pem.clone(),
        retry_writes: config.retry_writes,
        ..MongoSettings::new(config.uri.as_str(), config.database.as_str())
    }
}
