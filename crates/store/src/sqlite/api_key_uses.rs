//! When keys were used last.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{ApiKeyUse, ApiKeyUses, StoreUnavailable, Timestamp};
use rusqlite::{OptionalExtension, params};

use super::SqliteStore;

#[async_trait]
impl ApiKeyUses for SqliteStore {
    async fn note_api_key_uses(&self, uses: &[ApiKeyUse]) -> Result<(), StoreUnavailable> {
        let uses = uses.to_vec();
        self.write_plainly(move |transaction| {
            let mut statement = transaction.prepare_cached(
                "INSERT INTO api_key_uses (key_id, last_used_at) VALUES (?1, ?2)
                 ON CONFLICT (key_id) DO UPDATE SET last_used_at = max(last_used_at, excluded.last_used_at)",
            )?;
            for used in &uses {
                statement.execute(params![used.id, used.at.millis()])?;
            }
            Ok(())
        })
        .await
    }

    async fn api_key_uses(&self, ids: &[String]) -> Result<BTreeMap<String, Timestamp>, StoreUnavailable> {
        let ids = ids.to_vec();
        self.read(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT last_used_at FROM api_key_uses WHERE key_id = ?1")?;
            let mut found = BTreeMap::new();
            for id in ids {
                if let Some(millis) = statement.query_row(params![id], |row| row.get(0)).optional()? {
                    found.insert(id, Timestamp::from_millis(millis));
                }
            }
            Ok(found)
        })
        .await
    }
}
