//! The embedded store: one SQLite file, which one process uses.
//!
//! One connection writes, a few read beside it (write-ahead log). A commit is on the disk before it is acknowledged.

mod api_key_uses;
mod api_keys;
mod audit_log;
mod catalogue;
mod connections;
mod event_log;
mod feed;
mod journal;
mod leases;
mod ledger;
mod migrations;
mod sealed_rows;
mod secret_writes;
mod tenants;
mod write_health;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use domain::{Clock, StoreCondition, StoreHealth, StoreUnavailable, Timestamp};

use crate::migration::MigrationError;
use connections::Connections;
use write_health::WriteHealth;

/// The embedded store. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct SqliteStore(Arc<Shared>);

struct Shared {
    path: PathBuf,
    connections: Connections,
    write_health: WriteHealth,
    clock: Arc<dyn Clock>,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory cannot be made, or the file not be kept from others.
    #[error("the file of the embedded store cannot be made")]
    File(#[from] io::Error),
    /// It is no database, or cannot be read or written.
    #[error("the file of the embedded store cannot be used")]
    Database(#[from] rusqlite::Error),
    /// Its schema is not what the code expects.
    #[error(transparent)]
    Migration(#[from] MigrationError),
}

impl SqliteStore {
    /// Opens the file, makes it where there is none, and applies what is outstanding of `migrations/sqlite`. Blocks: for the
    /// start of a process.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let mut writer = connections::open_writer(path)?;
        migrations::apply(&mut writer, Timestamp::from(clock.now()))?;
        let connections = Connections::new(writer, path)?;
        let write_health = WriteHealth::of(path);
        Ok(Self(Arc::new(Shared { path: path.to_owned(), connections, write_health, clock })))
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now().into()
    }
}

#[async_trait]
impl StoreHealth for SqliteStore {
    async fn ping(&self) -> Result<StoreCondition, StoreUnavailable> {
        self.read(|connection| Ok(connection.query_row("SELECT 1", [], |_row| Ok(()))?)).await?;
        Ok(if self.takes_writes().await { StoreCondition::Well } else { StoreCondition::RefusesWrites })
    }
}
