//! The connections to the file, used on threads that may block.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{BoxError, CommitError, StoreUnavailable};
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::Semaphore;

use super::{OpenError, SqliteStore};

const READERS: usize = 4;
/// For a connection, and for another process that holds the file.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// One connection that writes and some that read.
pub(super) struct Connections {
    pub(super) writer: Mutex<Connection>,
    pub(super) writing: Arc<Semaphore>,
    readers: Mutex<Vec<Connection>>,
    reading: Arc<Semaphore>,
}

/// A reading connection that goes back when it is dropped, be it by a panic.
struct Reader<'a> {
    connections: &'a Connections,
    connection: Option<Connection>,
}

impl Deref for Reader<'_> {
    type Target = Connection;

    #[expect(clippy::expect_used, reason = "it is there until it is dropped")]
    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("a connection")
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let readers = self.connections.readers.lock();
        readers.unwrap_or_else(PoisonError::into_inner).extend(self.connection.take());
    }
}

/// What goes wrong inside.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("the database failed")]
    Database(#[from] rusqlite::Error),
    #[error("a stored document cannot be read")]
    Document(#[from] serde_json::Error),
    #[error("a stored value cannot be read")]
    Value(#[source] BoxError),
    /// The change is refused, and the store is well.
    #[error("the change is refused")]
    Refused(#[source] CommitError),
}

impl Fault {
    pub(super) fn value(source: impl Into<BoxError>) -> Self {
        Self::Value(source.into())
    }

    /// The same, where a constraint that was not met means that the name is taken.
    pub(super) fn or_taken(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => Self::Refused(CommitError::Taken),
            _ => Self::Database(error),
        }
    }

    /// Whether the file is at fault, or what it is on, or who else uses it: the next write will meet the same.
    pub(super) fn is_of_file(error: &rusqlite::Error) -> bool {
        matches!(
            error.sqlite_error_code(),
            Some(
                ErrorCode::DiskFull
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::ReadOnly
                    | ErrorCode::PermissionDenied
                    | ErrorCode::CannotOpen
                    | ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
            )
        )
    }
}

/// With which file something went wrong.
#[derive(Debug, thiserror::Error)]
#[error("the file {path}")]
struct WithFile {
    path: PathBuf,
    #[source]
    fault: BoxError,
}

#[derive(Debug, thiserror::Error)]
#[error("no connection to the file became free within {} s", PATIENCE.as_secs())]
struct Busy;

/// Opens the file for writing, in a directory that is made if need be. Only its owner may read it: it holds hashes of keys
/// and sealed secrets.
pub(super) fn open_writer(path: &Path) -> Result<Connection, OpenError> {
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        fs::create_dir_all(directory)?;
    }
    keep_private(path)?;
    let connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // What was acknowledged survives the death of the machine too.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    Ok(connection)
}

#[cfg(unix)]
fn keep_private(path: &Path) -> Result<(), OpenError> {
    use std::os::unix::fs::OpenOptionsExt;

    fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    Ok(())
}

#[cfg(not(unix))]
fn keep_private(_path: &Path) -> Result<(), OpenError> {
    Ok(())
}

impl Connections {
    pub(super) fn new(writer: Connection, path: &Path) -> Result<Self, OpenError> {
        let reader = || -> Result<Connection, rusqlite::Error> {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(PATIENCE)?;
            Ok(connection)
        };
        let readers = (0..READERS).map(|_| reader()).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            writer: Mutex::new(writer),
            writing: Arc::new(Semaphore::new(1)),
            readers: Mutex::new(readers),
            reading: Arc::new(Semaphore::new(READERS)),
        })
    }

    /// One of the readers, for whoever has a turn.
    fn reader(&self) -> Result<Reader<'_>, Fault> {
        let connection = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = Some(connection.ok_or_else(|| Fault::value(Busy))?);
        Ok(Reader { connections: self, connection })
    }
}

impl SqliteStore {
    fn with_file(&self, fault: impl Into<BoxError>) -> BoxError {
        WithFile { path: self.0.path.clone(), fault: fault.into() }.into()
    }

    /// Reads on one connection.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreUnavailable> {
        let connections = &self.0.connections;
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&connections.reading).acquire_owned())
            .await
            .map_err(|_elapsed| StoreUnavailable::new(self.with_file(Busy)))?
            .map_err(StoreUnavailable::new)?;
        let store = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let reader = store.0.connections.reader()?;
            let result = work(&reader);
            // Given back before the turn ends, also when whoever asked is gone.
            drop(reader);
            drop(turn);
            result
        });
        let done = done.await.map_err(StoreUnavailable::new)?;
        done.map_err(|fault| StoreUnavailable::new(self.with_file(fault)))
    }

    /// Writes in one transaction: all of it, or nothing.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, CommitError> {
        let unavailable = |source: BoxError| CommitError::Unavailable(source);
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.0.connections.writing).acquire_owned())
            .await
            .map_err(|_elapsed| unavailable(self.with_file(Busy)))?
            .map_err(|closed| unavailable(closed.into()))?;
        let store = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let _until_the_end = turn;
            let mut writer = store.0.connections.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let written = write_on(&mut writer, work);
            store.0.write_health.note(&written);
            written
        });
        match done.await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(Fault::Refused(refusal))) => Err(refusal),
            Ok(Err(fault)) => Err(unavailable(self.with_file(fault))),
            Err(panicked) => Err(unavailable(panicked.into())),
        }
    }
    /// The same for what nothing can refuse.
    pub(super) async fn write_plainly<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreUnavailable> {
        self.write(work).await.map_err(|error| match error {
            CommitError::Unavailable(source) => StoreUnavailable { source },
            refused => StoreUnavailable::new(BoxError::from(refused)),
        })
    }
}

fn write_on<T>(
    writer: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    // Dropping it rolls it back.
    let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let result = work(&transaction)?;
    transaction.commit()?;
    Ok(result)
}
