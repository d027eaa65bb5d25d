//! Sealed secrets.

use async_trait::async_trait;
use domain::{SealedRow, SealedRows, SecretReference, StoreUnavailable};
use rusqlite::{OptionalExtension, Transaction, params};

use super::SqliteStore;
use super::connections::Fault;

impl SqliteStore {
    async fn write_row(
        &self,
        reference: &SecretReference,
        work: impl FnOnce(&Transaction<'_>, String, String) -> Result<(), Fault> + Send + 'static,
    ) -> Result<(), StoreUnavailable> {
        let (path, version) = (reference.path.to_string(), reference.version.to_string());
        self.write_plainly(move |transaction| work(transaction, path, version)).await
    }
}

#[async_trait]
impl SealedRows for SqliteStore {
    async fn put_row(&self, row: &SealedRow) -> Result<(), StoreUnavailable> {
        let sealed = row.sealed.clone();
        self.write_row(&row.reference, move |transaction, path, version| {
            transaction.execute(
                "INSERT INTO sealed_secrets (path, version, sealed) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                params![path, version, sealed],
            )?;
            Ok(())
        })
        .await
    }

    async fn row(&self, reference: &SecretReference) -> Result<Option<SealedRow>, StoreUnavailable> {
        let reference = reference.clone();
        self.read(move |connection| {
            let sealed = connection
                .prepare_cached("SELECT sealed FROM sealed_secrets WHERE path = ?1 AND version = ?2")?
                .query_row(params![reference.path.as_str(), reference.version.to_string()], |row| row.get(0))
                .optional()?;
            Ok(sealed.map(|sealed| SealedRow { reference, sealed }))
        })
        .await
    }

    async fn make_row_current(&self, reference: &SecretReference) -> Result<(), StoreUnavailable> {
        self.write_row(reference, |transaction, path, version| {
            transaction.execute(
                "UPDATE sealed_secrets SET is_current = (version = ?2) WHERE path = ?1",
                params![path, version],
            )?;
            Ok(())
        })
        .await
    }

    async fn remove_row(&self, reference: &SecretReference) -> Result<(), StoreUnavailable> {
        self.write_row(reference, |transaction, path, version| {
            transaction.execute(
                "DELETE FROM sealed_secrets WHERE path = ?1 AND version = ?2",
                params![path, version],
            )?;
            Ok(())
        })
        .await
    }
}
