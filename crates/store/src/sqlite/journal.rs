//! What every change leaves behind, in its own transaction.

use domain::{CommitError, Timestamp};
use rusqlite::{ErrorCode, Transaction, params};

use super::connections::Fault;
use super::{audit_log, ledger};
use crate::journal::Journal;

impl Journal {
    /// Writes all of it. `kind` and `id` name the record that changed, for the feed.
    pub(super) fn write(
        self,
        transaction: &Transaction<'_>,
        (kind, id): (&str, &str),
        now: Timestamp,
    ) -> Result<(), Fault> {
        if let Some(row) = &self.ledger {
            ledger::insert(transaction, row, now)?;
        }
        for event in self.events {
            transaction
                .prepare_cached("INSERT INTO waiting_events (id, at, document) VALUES (?1, ?2, ?3)")?
                .execute(params![
                    event.event_id.to_string(),
                    event.at.millis(),
                    serde_json::to_string(&event)?
                ])?;
        }
        audit_log::append(transaction, &self.audit)?;
        transaction
            .prepare_cached(
                "INSERT INTO changes (kind, id, sequence, at)
                 VALUES (?1, ?2, (SELECT coalesce(max(sequence), 0) + 1 FROM changes), ?3)
                 ON CONFLICT (kind, id) DO UPDATE SET sequence = excluded.sequence, at = excluded.at",
            )?
            .execute(params![kind, id, now.millis()])?;
        Ok(())
    }
}

/// Inserts a row of version 1, or updates the row whose version is one below: any other version is stale. `insert` and
/// `update` say how many rows they touched.
pub(super) fn guarded(
    version: u64,
    insert: impl FnOnce() -> rusqlite::Result<usize>,
    update: impl FnOnce(i64) -> rusqlite::Result<usize>,
) -> Result<(), Fault> {
    if version == 1 {
        insert().map_err(Fault::or_taken)?;
        return Ok(());
    }
    let former = i64::try_from(version.saturating_sub(1)).map_err(Fault::value)?;
    match update(former) {
        Ok(1) => Ok(()),
        Ok(_) => Err(Fault::Refused(CommitError::Stale)),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Err(Fault::Refused(CommitError::Taken))
        }
        Err(error) => Err(error.into()),
    }
}
