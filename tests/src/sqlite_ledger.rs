//! A ledger of committed writes in one SQLite file, which several processes share.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use domain::{Clock, CommittedWrite, IdempotencyLedger, LedgerRow, LedgerUnavailable, SystemClock, WriteKey};
use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, params};

/// For another process's transaction.
const PATIENCE: Duration = Duration::from_secs(5);

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS executions (number INTEGER PRIMARY KEY, caller TEXT, key TEXT);
    CREATE TABLE IF NOT EXISTS ledger (
        caller TEXT NOT NULL,
        key TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        answer BLOB,
        expires_at INTEGER NOT NULL,
        UNIQUE (caller, key)
    );
";

/// The ledger, and what the writes change: a table with a row for each execution. Clones are one.
#[derive(Clone)]
pub struct SqliteLedger {
    path: PathBuf,
    connection: Arc<Mutex<Connection>>,
}

/// How many writes were committed in the ledger at `path`, by all processes.
pub fn committed_writes(path: &Path) -> Result<u64, rusqlite::Error> {
    SqliteLedger::open(path)?.committed()
}

/// Why a write was not committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The ledger has a row with the key: another call did the write.
    #[error("the write was committed before")]
    AlreadyCommitted,
    /// The file cannot be used.
    #[error("the ledger cannot be written")]
    Unavailable(#[from] rusqlite::Error),
}

impl SqliteLedger {
    /// Opens the file, and makes it where there is none.
    pub fn open(path: &Path) -> Result<Self, rusqlite::Error> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(PATIENCE)?;
        // Readers beside a writer; a commit survives the death of the process, which is what the tests bring about.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self { path: path.to_owned(), connection: Arc::new(Mutex::new(connection)) })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many writes were committed, by all processes.
    pub fn committed(&self) -> Result<u64, rusqlite::Error> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let count: i64 = connection.query_row("SELECT count(*) FROM executions", [], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// One transaction: the write's own row and, for a write with a key, the row of the ledger.
    pub fn commit(&self, row: Option<LedgerRow>) -> Result<(), CommitError> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (caller, key) = row.as_ref().map(|row| names(&row.key)).unzip();
        transaction.execute("INSERT INTO executions (caller, key) VALUES (?1, ?2)", params![caller, key])?;
        if let Some(row) = row {
            let (caller, key) = names(&row.key);
            let now = now();
            transaction.execute(
                "DELETE FROM ledger WHERE caller = ?1 AND key = ?2 AND expires_at <= ?3",
                params![caller, key, now],
            )?;
            let expires_at = now.saturating_add(i64::try_from(row.ttl.as_millis()).unwrap_or(i64::MAX));
            let inserted = transaction.execute(
                "INSERT INTO ledger (caller, key, fingerprint, answer, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![caller, key, row.fingerprint.to_string(), row.sealed_answer, expires_at],
            );
            match inserted {
                Ok(_) => {}
                // Dropping the transaction rolls it back.
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                    return Err(CommitError::AlreadyCommitted);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(transaction.commit()?)
    }

    fn look_up(&self, key: &WriteKey) -> Result<Option<CommittedWrite>, domain::BoxError> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let (caller, key) = names(key);
        let found = connection
            .query_row(
                "SELECT fingerprint, answer FROM ledger WHERE caller = ?1 AND key = ?2 AND expires_at > ?3",
                params![caller, key, now()],
                |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<Vec<u8>>>(1)?)),
            )
            .optional()?;
        let Some((fingerprint, sealed_answer)) = found else { return Ok(None) };
        Ok(Some(CommittedWrite { fingerprint: fingerprint.parse()?, sealed_answer }))
    }
}

#[async_trait]
impl IdempotencyLedger for SqliteLedger {
    async fn find(&self, key: &WriteKey) -> Result<Option<CommittedWrite>, LedgerUnavailable> {
        let (ledger, key) = (self.clone(), key.clone());
        let found = tokio::task::spawn_blocking(move || ledger.look_up(&key)).await;
        match found {
            Ok(result) => result.map_err(|source| LedgerUnavailable { source }),
            Err(panicked) => Err(LedgerUnavailable { source: panicked.into() }),
        }
    }
}

fn names(key: &WriteKey) -> (String, String) {
    (key.caller.to_string(), key.key.expose().to_owned())
}

/// Milliseconds since the Unix epoch.
fn now() -> i64 {
    let since = SystemClock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use domain::{CallerId, Fingerprint, IdempotencyKey};

    use super::*;

    fn row(key: &str, ttl: Duration) -> LedgerRow {
        LedgerRow {
            key: WriteKey { caller: CallerId::from("caller"), key: IdempotencyKey::parse(key).unwrap() },
            fingerprint: Fingerprint::of_request("POST", "/", "", key.as_bytes()),
            owner: uuid::Uuid::nil(),
            sealed_answer: Some(b"sealed".to_vec()),
            ttl,
        }
    }

    #[tokio::test]
    async fn a_key_is_committed_once_by_whichever_process() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ledger.sqlite");
        let [one, other] = [(); 2].map(|()| SqliteLedger::open(&path).unwrap());
        let day = Duration::from_secs(86_400);
        let key = row("a", day).key;
        assert!(other.find(&key).await.unwrap().is_none());
        one.commit(Some(row("a", day))).unwrap();
        let again = other.commit(Some(row("a", day)));
        assert!(matches!(again, Err(CommitError::AlreadyCommitted)), "{again:?}");
        assert_eq!(other.find(&key).await.unwrap().unwrap(), row("a", day).committed());
        assert_eq!(other.committed().unwrap(), 1, "what was refused left nothing");
        other.commit(None).unwrap();
        assert_eq!(one.committed().unwrap(), 2);
    }

    #[tokio::test]
    async fn a_row_whose_time_is_over_is_not_found_and_gives_way() {
        let directory = tempfile::tempdir().unwrap();
        let ledger = SqliteLedger::open(&directory.path().join("ledger.sqlite")).unwrap();
        ledger.commit(Some(row("a", Duration::ZERO))).unwrap();
        assert!(ledger.find(&row("a", Duration::ZERO).key).await.unwrap().is_none());
        ledger.commit(Some(row("a", Duration::from_secs(60)))).unwrap();
        assert!(ledger.find(&row("a", Duration::ZERO).key).await.unwrap().is_some());
    }
}
