//! Sealed secrets.

use async_trait::async_trait;
use domain::{SealedRow, SealedRowPosition, SealedRows, SecretReference, StoreUnavailable};
use rusqlite::{OptionalExtension, Transaction, params};
use serde_json::json;

use super::SqliteStore;
use super::connections::Fault;
use crate::clamped::clamped;

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

    async fn rows_after(
        &self,
        after: Option<&SealedRowPosition>,
        limit: usize,
    ) -> Result<Vec<(SealedRowPosition, SealedRow)>, StoreUnavailable> {
        // The path, in which there is no blank, and the version.
        let after = after.map(|position| position.0.clone()).unwrap_or_default();
        let limit = clamped(limit);
        self.read(move |connection| {
            let (path, version) = after.split_once(' ').unwrap_or_default();
            let mut statement = connection.prepare_cached(
                "SELECT path, version, sealed FROM sealed_secrets WHERE (path, version) > (?1, ?2)
                 ORDER BY path, version LIMIT ?3",
            )?;
            let rows = statement.query_map(params![path, version, limit], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get(2)?))
            })?;
            let rows = rows.map(|row| {
                let (path, version, sealed) = row?;
                let position = SealedRowPosition(format!("{path} {version}"));
                let reference = serde_json::from_value(json!({ "path": path, "version": version }))?;
                Ok((position, SealedRow { reference, sealed }))
            });
            rows.collect()
        })
        .await
    }

    async fn replace_envelope(&self, row: &SealedRow, envelope: &[u8]) -> Result<bool, StoreUnavailable> {
        let (row, envelope) = (row.clone(), envelope.to_vec());
        self.write_plainly(move |transaction| {
            let SecretReference { path, version } = &row.reference;
            let replaced = transaction.execute(
                "UPDATE sealed_secrets SET sealed = ?4 WHERE path = ?1 AND version = ?2 AND sealed = ?3",
                params![path.as_str(), version.to_string(), row.sealed, envelope],
            )?;
            Ok(replaced == 1)
        })
        .await
    }
}
