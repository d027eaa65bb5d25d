//! Writes that were done under an idempotency key.

use async_trait::async_trait;
use domain::{
    CommitError, CommittedWrite, IdempotencyLedger, LedgerRow, LedgerUnavailable, Timestamp, WriteKey,
};
use rusqlite::{ErrorCode, OptionalExtension, Transaction, params};

use super::SqliteStore;
use super::connections::Fault;

/// Adds a row; one whose time is over gives way. Old rows of others go with it, a few at a time.
pub(super) fn insert(transaction: &Transaction<'_>, row: &LedgerRow, now: Timestamp) -> Result<(), Fault> {
    transaction
        .prepare_cached(
            "DELETE FROM ledger WHERE (caller, key) IN
             (SELECT caller, key FROM ledger WHERE expires_at <= ?1 ORDER BY expires_at LIMIT 20)",
        )?
        .execute(params![now.millis()])?;
    let (caller, key) = names(&row.key);
    transaction
        .prepare_cached("DELETE FROM ledger WHERE caller = ?1 AND key = ?2 AND expires_at <= ?3")?
        .execute(params![caller, key, now.millis()])?;
    let inserted = transaction
        .prepare_cached(
            "INSERT INTO ledger (caller, key, fingerprint, answer, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            caller,
            key,
            row.fingerprint.to_string(),
            row.sealed_answer,
            now.after(row.ttl).millis()
        ]);
    match inserted {
        Ok(_) => Ok(()),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Err(Fault::Refused(CommitError::AlreadyCommitted))
        }
        Err(error) => Err(error.into()),
    }
}

fn names(key: &WriteKey) -> (String, String) {
    (key.caller.to_string(), key.key.expose().to_owned())
}

#[async_trait]
impl IdempotencyLedger for SqliteStore {
    async fn find(&self, key: &WriteKey) -> Result<Option<CommittedWrite>, LedgerUnavailable> {
        let (caller, key) = names(key);
        let now = self.now();
        let found = self.read(move |connection| {
            let row = connection
                .prepare_cached(
                    "SELECT fingerprint, answer FROM ledger WHERE caller = ?1 AND key = ?2 AND expires_at > ?3",
                )?
                .query_row(params![caller, key, now.millis()], |row| {
                    Ok((row.get::<_, String>(0)?, row.get::<_, Option<Vec<u8>>>(1)?))
                })
                .optional()?;
            let Some((fingerprint, sealed_answer)) = row else { return Ok(None) };
            let fingerprint = fingerprint.parse().map_err(Fault::value)?;
            Ok(Some(CommittedWrite { fingerprint, sealed_answer }))
        });
        found.await.map_err(|unavailable| LedgerUnavailable { source: unavailable.source })
    }
}
