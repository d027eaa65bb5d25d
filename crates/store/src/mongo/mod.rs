//! The store in MongoDB, or in Amazon DocumentDB 5.
//!
//! A record is one document, and a change of it is one command: the record, its events, its audit row and the row of its
//! idempotency key go into that document together, under the guard of its version. No transaction spans documents. What was
//! left in a document is moved to collections of its own afterwards (`settling`).
//!
//! The record itself is kept as JSON text, as in the embedded store: BSON has no unsigned 64-bit numbers, and would refuse
//! or change names with dots and dollars. The fields beside it are what it is found and listed by.

mod api_key_uses;
mod api_keys;
mod audit_log;
mod catalogue;
mod claim;
mod command_words;
mod connection;
mod driver_words;
mod event_log;
mod fault;
mod feed;
mod inspection;
mod lease;
mod ledger;
mod migrations;
mod pending;
#[cfg(test)]
mod plans;
mod record;
mod sealed_rows;
mod secret_writes;
mod settings;
mod settling;
mod tenants;
#[cfg(test)]
mod testing;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use domain::{BoxError, Clock, StoreCondition, StoreHealth, StoreUnavailable, Timestamp};
use mongodb::Database;
use mongodb::bson::doc;
use tokio::sync::Notify;

use crate::migration::MigrationError;
use crate::outage_log::OutageLog;
pub use inspection::StoreInspection;
pub use settings::{MongoSettings, OnCommand};

/// A store in MongoDB or DocumentDB. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct MongoStore(Arc<Shared>);

struct Shared {
    settings: MongoSettings,
    /// The servers that are configured, without the credentials: for logs.
    hosts: Arc<str>,
    /// Set once the client is made.
    database: OnceLock<Database>,
    clock: Arc<dyn Clock>,
    /// What was told of the store; nothing is told while it is prepared, as whoever prepares it does that.
    outage: Option<OutageLog>,
    /// Something was committed that is to be moved out.
    committed: Notify,
    /// Its indexes are there. Without them a name might be given twice.
    is_prepared: AtomicBool,
}

/// Why the store cannot be used. None of them shows the URI.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// It is no URI of a MongoDB server.
    #[error("the URI of the store cannot be read")]
    Uri,
    /// The certificate of the authority cannot be handed to the driver.
    #[error("the certificate of the store's authority cannot be kept in a temporary file")]
    Certificate(#[source] io::Error),
    /// The URI, or the certificate of the authority, asks for what the driver cannot do.
    #[error("the driver refuses the settings of the store")]
    Options(#[source] BoxError),
    /// It refuses the credentials.
    #[error("the store refuses the credentials")]
    Credentials(#[source] BoxError),
    /// It gives no answer.
    #[error("the store gives no answer")]
    Unavailable(#[source] BoxError),
    /// Its schema is not what the code expects.
    #[error(transparent)]
    Migration(#[from] MigrationError),
}

impl MongoStore {
    /// A store that has neither connected nor migrated: until [`prepare`](Self::prepare) is done, every operation answers that it
    /// is unavailable. Nothing is asked of the network: the names of `mongodb+srv` are looked up by `prepare` too, as often as it
    /// is tried.
    pub async fn open(settings: MongoSettings, clock: Arc<dyn Clock>) -> Result<Self, ConnectError> {
        let (hosts, is_to_be_looked_up) = (settings.hosts()?, settings.is_to_be_looked_up());
        let store = Self(Arc::new(Shared {
            settings,
            hosts: hosts.into(),
            database: OnceLock::new(),
            clock,
            outage: Some(OutageLog::default()),
            committed: Notify::new(),
            is_prepared: AtomicBool::new(false),
        }));
        if !is_to_be_looked_up {
            // So that a fault of the settings shows at once.
            store.make_client().await?;
        }
        Ok(store)
    }

    /// Applies what is outstanding of `migrations/mongo`, under a lease, and opens the store for everybody. May be tried again
    /// when it is [`ConnectError::Unavailable`].
    pub async fn prepare(&self) -> Result<(), ConnectError> {
        let unguarded = self.reached().await?;
        unguarded.migrate(migrations::MIGRATIONS).await?;
        self.0.is_prepared.store(true, Ordering::Release);
        Ok(())
    }

    /// The store before it is open for everybody, as migrations need it.
    async fn reached(&self) -> Result<Self, ConnectError> {
        let database = self.make_client().await?.clone();
        let unguarded = Self(Arc::new(Shared {
            settings: self.0.settings.clone(),
            hosts: Arc::clone(&self.0.hosts),
            database: OnceLock::from(database.clone()),
            clock: Arc::clone(&self.0.clock),
            outage: None,
            committed: Notify::new(),
            is_prepared: AtomicBool::new(true),
        }));
        match unguarded.ask(database.run_command(doc! { "ping": 1 })).await {
            Ok(_answer) => Ok(unguarded),
            Err(fault) if fault.is_of_credentials() => Err(ConnectError::Credentials(fault.into())),
            Err(fault) => Err(ConnectError::Unavailable(fault.into())),
        }
    }

    /// Opens and prepares it.
    pub async fn connect(settings: MongoSettings, clock: Arc<dyn Clock>) -> Result<Self, ConnectError> {
        let store = Self::open(settings, clock).await?;
        store.prepare().await?;
        Ok(store)
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now().into()
    }
}

#[async_trait]
impl StoreHealth for MongoStore {
    async fn ping(&self) -> Result<StoreCondition, StoreUnavailable> {
        // The primary is asked, which takes writes.
        self.ask(self.database()?.run_command(doc! { "ping": 1 })).await?;
        Ok(StoreCondition::Well)
    }
}
