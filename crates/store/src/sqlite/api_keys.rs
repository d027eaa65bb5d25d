//! API keys.

use async_trait::async_trait;
use domain::{
    ApiKeyEntry, ApiKeyHash, ApiKeyRecord, ApiKeySource, ApiKeyStore, Change, CommitError, ServiceName,
    SourceUnavailable, StoreUnavailable,
};
use rusqlite::{OptionalExtension, params};

use super::SqliteStore;
use super::connections::Fault;
use super::feed::Kind;
use super::journal::guarded;
use crate::clamped::clamped;
use crate::journal::Journal;

#[async_trait]
impl ApiKeySource for SqliteStore {
    async fn find(&self, hash: &ApiKeyHash) -> Result<Option<ApiKeyRecord>, SourceUnavailable> {
        let hash = *hash;
        let found = self.read(move |connection| {
            let document: Option<String> = connection
                .prepare_cached(
                    "SELECT document FROM api_key_hashes JOIN api_keys ON api_keys.id = key_id WHERE hash = ?1",
                )?
                .query_row(params![hash.to_string()], |row| row.get(0))
                .optional()?;
            let Some(document) = document else { return Ok(None) };
            Ok(serde_json::from_str::<ApiKeyEntry>(&document)?.record(&hash))
        });
        found.await.map_err(|unavailable| SourceUnavailable { source: unavailable.source })
    }
}

#[async_trait]
impl ApiKeyStore for SqliteStore {
    async fn api_key(&self, id: &str) -> Result<Option<ApiKeyEntry>, StoreUnavailable> {
        let id = id.to_owned();
        self.read(move |connection| {
            let document: Option<String> = connection
                .prepare_cached("SELECT document FROM api_keys WHERE id = ?1")?
                .query_row(params![id], |row| row.get(0))
                .optional()?;
            document.map(|document| Ok(serde_json::from_str(&document)?)).transpose()
        })
        .await
    }

    async fn api_keys(
        &self,
        service: Option<&ServiceName>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ApiKeyEntry>, StoreUnavailable> {
        let (service, after) = (owner(service).to_owned(), after.unwrap_or_default().to_owned());
        self.read(move |connection| {
            let limit = clamped(limit);
            let mut statement = connection.prepare_cached(
                "SELECT document FROM api_keys WHERE service = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
            )?;
            let documents =
                statement.query_map(params![service, after, limit], |row| row.get::<_, String>(0))?;
            documents.map(|document| Ok(serde_json::from_str(&document?)?)).collect()
        })
        .await
    }

    async fn commit_api_key(&self, change: Change<ApiKeyEntry>) -> Result<(), CommitError> {
        let Change { record, events, audit, ledger } = change;
        let now = self.now();
        self.write(move |transaction| {
            Journal { events, audit, ledger }.write(transaction, (Kind::ApiKey.name(), &record.id), now)?;
            let document = serde_json::to_string(&record)?;
            guarded(
                record.version,
                || {
                    transaction.execute(
                        "INSERT INTO api_keys (id, version, service, document) VALUES (?1, 1, ?2, ?3)",
                        params![record.id, owner(record.binding.service.as_ref()), document],
                    )
                },
                |former| {
                    transaction.execute(
                        "UPDATE api_keys SET version = ?1 + 1, document = ?2 WHERE id = ?3 AND version = ?1",
                        params![former, document, record.id],
                    )
                },
            )?;
            transaction.execute("DELETE FROM api_key_hashes WHERE key_id = ?1", params![record.id])?;
            for hash in record.hashes() {
                transaction
                    .execute(
                        "INSERT INTO api_key_hashes (hash, key_id) VALUES (?1, ?2)",
                        params![hash.to_string(), record.id],
                    )
                    .map_err(Fault::or_taken)?;
            }
            Ok(())
        })
        .await
    }
}

/// What the column says of whose a key is: nothing of one that is no service's.
fn owner(service: Option<&ServiceName>) -> &str {
    service.map_or("", ServiceName::as_str)
}
