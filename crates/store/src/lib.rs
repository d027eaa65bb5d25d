//! Where records are kept. Each adapter implements every store port of `domain`, and all pass one contract suite
//! (`tests/it/contract`).
//!
//! A change, its events, its audit row and, for a write with an idempotency key, the row of that are one atomic write: in
//! SQLite a transaction, in MongoDB and DocumentDB one command on one document.

mod audit_page;
mod clamped;
mod journal;
mod migration;
mod mongo;
mod outage_log;
mod slug_key;
mod sqlite;
mod unreadable_event;

pub use migration::{Migration, MigrationError};
pub use mongo::{ConnectError, MongoSettings, MongoStore, OnCommand, StoreInspection};
pub use sqlite::{OpenError, SqliteStore};
