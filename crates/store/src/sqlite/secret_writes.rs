//! Versions of secrets that have to be looked at once more.

use async_trait::async_trait;
use domain::{SecretWrite, SecretWrites, StoreUnavailable, Timestamp};
use rusqlite::params;
use uuid::Uuid;

use super::SqliteStore;
use crate::clamped::clamped;

#[async_trait]
impl SecretWrites for SqliteStore {
    async fn note_secret_writes(&self, writes: &[SecretWrite]) -> Result<(), StoreUnavailable> {
        let writes = writes.to_vec();
        self.write_plainly(move |transaction| {
            let mut statement = transaction.prepare_cached(
                "INSERT INTO secret_writes (id, due, document) VALUES (?1, ?2, ?3)
                 ON CONFLICT (id) DO UPDATE SET due = ?2, document = ?3",
            )?;
            for write in &writes {
                let document = serde_json::to_string(write)?;
                statement.execute(params![write.id.to_string(), write.due.millis(), document])?;
            }
            Ok(())
        })
        .await
    }

    async fn due_secret_writes(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<SecretWrite>, StoreUnavailable> {
        let limit = clamped(limit);
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT document FROM secret_writes WHERE due <= ?1 ORDER BY due, id LIMIT ?2",
            )?;
            let documents =
                statement.query_map(params![now.millis(), limit], |row| row.get::<_, String>(0))?;
            documents.map(|document| Ok(serde_json::from_str(&document?)?)).collect()
        })
        .await
    }

    async fn forget_secret_writes(&self, ids: &[Uuid]) -> Result<(), StoreUnavailable> {
        let ids = ids.to_vec();
        self.write_plainly(move |transaction| {
            let mut statement = transaction.prepare_cached("DELETE FROM secret_writes WHERE id = ?1")?;
            for id in &ids {
                statement.execute(params![id.to_string()])?;
            }
            Ok(())
        })
        .await
    }
}
