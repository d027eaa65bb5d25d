//! The catalogue: one row.

use async_trait::async_trait;
use domain::{Catalogue, CatalogueStore, Change, CommitError, StoreUnavailable};
use rusqlite::{OptionalExtension, params};

use super::SqliteStore;
use super::feed::Kind;
use super::journal::guarded;
use crate::journal::Journal;

#[async_trait]
impl CatalogueStore for SqliteStore {
    async fn catalogue(&self) -> Result<Catalogue, StoreUnavailable> {
        self.read(|connection| {
            let document: Option<String> = connection
                .prepare_cached("SELECT document FROM catalogue WHERE id = 1")?
                .query_row([], |row| row.get(0))
                .optional()?;
            document.map_or(Ok(Catalogue::default()), |document| Ok(serde_json::from_str(&document)?))
        })
        .await
    }

    async fn commit_catalogue(&self, change: Change<Catalogue>) -> Result<(), CommitError> {
        let Change { record, events, audit, ledger } = change;
        let now = self.now();
        let written = self.write(move |transaction| {
            Journal { events, audit, ledger }.write(transaction, (Kind::Catalogue.name(), ""), now)?;
            let document = serde_json::to_string(&record)?;
            guarded(
                record.version,
                || {
                    transaction.execute(
                        "INSERT INTO catalogue (id, version, document) VALUES (1, 1, ?1)",
                        params![document],
                    )
                },
                |former| {
                    transaction.execute(
                        "UPDATE catalogue SET version = ?1 + 1, document = ?2 WHERE id = 1 AND version = ?1",
                        params![former, document],
                    )
                },
            )
        });
        match written.await {
            // There is one catalogue: who finds it made was beaten to it.
            Err(CommitError::Taken) => Err(CommitError::Stale),
            other => other,
        }
    }
}
