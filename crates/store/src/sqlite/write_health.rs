//! Whether writes reach the file. A disk that is full, a lock of another process or a file that became read-only leaves reads
//! as they are, so that a question alone says nothing about writes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::SqliteStore;
use super::connections::{Fault, PATIENCE};
use crate::outage_log::OutageLog;

/// How long a trial waits for the lock of another process: whoever asks does not wait as a write does.
const TRIAL_PATIENCE: Duration = Duration::from_millis(100);
/// As much as a change of a large record writes. A single page often finds room where a change does not.
const TRIAL_BYTES: u32 = 64 * 1024;

/// What became of the last writes.
pub(super) struct WriteHealth {
    path: PathBuf,
    outage: OutageLog,
}

impl WriteHealth {
    pub(super) fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), outage: OutageLog::default() }
    }

    /// Keeps what became of a write, and says so where it is news.
    pub(super) fn note<T>(&self, written: &Result<T, Fault>) {
        let path = self.path.display();
        match written {
            Ok(_) => self.outage.succeeded(|away_seconds| {
                tracing::info!(%path, away_seconds, "the record store takes writes again");
            }),
            Err(Fault::Database(error)) if Fault::is_of_file(error) => {
                self.outage.failed(|| {
                    tracing::warn!(%path, reason = %error, "the record store takes no writes");
                });
            }
            Err(_) => {}
        }
    }
}

impl SqliteStore {
    /// Whether a write would reach the file. While writes succeed nothing is tried.
    pub(super) async fn takes_writes(&self) -> bool {
        if !self.0.write_health.outage.is_failing() {
            return true;
        }
        // A write that has the turn is still waiting, for the lock or the disk.
        let Ok(turn) = Arc::clone(&self.0.connections.writing).try_acquire_owned() else { return false };
        let store = self.clone();
        let tried = tokio::task::spawn_blocking(move || {
            let _until_the_end = turn;
            let mut writer = store.0.connections.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let tried = try_a_write(&mut writer);
            store.0.write_health.note(&tried);
            tried.is_ok()
        });
        tried.await.unwrap_or(false)
    }
}

fn try_a_write(writer: &mut Connection) -> Result<(), Fault> {
    writer.busy_timeout(TRIAL_PATIENCE)?;
    let written = fill_and_empty(writer);
    writer.busy_timeout(PATIENCE)?;
    written
}

/// One transaction that writes, and leaves nothing but free pages: `secure_delete` has what is removed overwritten, so the
/// commit has all of it to write.
fn fill_and_empty(writer: &mut Connection) -> Result<(), Fault> {
    let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch("CREATE TABLE write_trial (filler BLOB) STRICT")?;
    transaction.execute("INSERT INTO write_trial (filler) VALUES (zeroblob(?1))", [TRIAL_BYTES])?;
    transaction.execute_batch("DROP TABLE write_trial")?;
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use domain::{
        Environment, ManualClock, ResourceKind, SealedRow, SealedRows, SecretReference, SecretVersion,
        StoreCondition, StoreHealth,
    };
    use uuid::Uuid;

    use super::*;

    fn open(directory: &Path) -> SqliteStore {
        let clock = Arc::new(ManualClock::new(UNIX_EPOCH));
        SqliteStore::open(&directory.join("records.sqlite"), clock).unwrap()
    }

    /// Lets the file have so many pages more; as a full disk does, the rest is refused.
    fn allow_pages(store: &SqliteStore, more: i64) {
        let writer = store.0.connections.writer.lock().unwrap();
        let pages: i64 = writer.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        writer.query_row(&format!("PRAGMA max_page_count = {}", pages + more), [], |_row| Ok(())).unwrap();
    }

    fn large_row() -> SealedRow {
        let path = ResourceKind::Postgresql.secret_path(
            Environment::Staging,
            &"acme".parse().unwrap(),
            &"onboarding".parse().unwrap(),
        );
        let reference = SecretReference { path, version: SecretVersion::new(Uuid::new_v4()) };
        SealedRow { reference, sealed: vec![1; TRIAL_BYTES as usize] }
    }

    #[tokio::test]
    async fn a_full_disk_shows_until_there_is_room() {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path());
        assert_eq!(store.ping().await.unwrap(), StoreCondition::Well);
        allow_pages(&store, 1);
        let refused = store.put_row(&large_row()).await.unwrap_err();
        let path = directory.path().join("records.sqlite").display().to_string();
        assert!(refused.source.to_string().contains(&path), "{:?}", refused.source);
        for _ in 0..3 {
            assert_eq!(store.ping().await.unwrap(), StoreCondition::RefusesWrites);
        }
        allow_pages(&store, 1_000);
        assert_eq!(store.ping().await.unwrap(), StoreCondition::Well);
        store.put_row(&large_row()).await.unwrap();
    }

    #[test]
    fn a_trial_writes_all_of_it_and_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path());
        let log = directory.path().join("records.sqlite-wal");
        let mut writer = store.0.connections.writer.lock().unwrap();
        writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_row| Ok(())).unwrap();
        for _ in 0..2 {
            let before = std::fs::metadata(&log).unwrap().len();
            try_a_write(&mut writer).unwrap();
            let written = std::fs::metadata(&log).unwrap().len() - before;
            assert!(written >= u64::from(TRIAL_BYTES), "{written}");
        }
        let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'write_trial'";
        let count: i64 = writer.query_row(tables, [], |row| row.get(0)).unwrap();
        assert_eq!(count, 0);
    }
}
