//! The snapshot of the fail-safe in a file of the data directory.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tenancy::SnapshotFile;

const FILE: &str = "fail-safe.snapshot";
/// Held by the one process that reads and writes the file. It is another file, because that one is replaced.
const LOCK: &str = "fail-safe.lock";
/// What is longer is none of ours.
const MAX_BYTES: u64 = 1024 * 1024 * 1024;

/// Files are made when there is something to write, with mode 0600, and are not shared: who comes second has no snapshot.
pub(crate) struct SnapshotDisk(Arc<Mutex<Disk>>);

struct Disk {
    directory: PathBuf,
    state: State,
}

enum State {
    /// Not used yet.
    Idle,
    /// Ours.
    Open { _lock: File, file: File },
    /// Left to another process.
    Closed,
}

impl SnapshotDisk {
    /// In this directory.
    pub(crate) fn new(directory: &Path) -> Self {
        Self(Arc::new(Mutex::new(Disk { directory: directory.to_owned(), state: State::Idle })))
    }

    /// Files wait for disks, so they are worked with on threads of their own.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Disk) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let disk = Arc::clone(&self.0);
        let working = tokio::task::spawn_blocking(move || work(&mut lock(&disk)));
        working.await.unwrap_or_else(|panicked| Err(io::Error::other(panicked)))
    }
}

#[async_trait]
impl SnapshotFile for SnapshotDisk {
    async fn read(&self) -> io::Result<Vec<u8>> {
        self.work(Disk::read).await
    }

    async fn append(&self, bytes: Vec<u8>) -> io::Result<()> {
        self.work(move |disk| {
            let file = disk.open()?;
            file.write_all(&bytes)?;
            file.sync_data()
        })
        .await
    }

    async fn replace(&self, bytes: Vec<u8>) -> io::Result<()> {
        self.work(move |disk| disk.replace(&bytes)).await
    }

    async fn close(&self) {
        let closing = self.work(|disk| {
            disk.state = State::Closed;
            Ok(())
        });
        // There is nothing that could fail.
        let _ = closing.await;
    }
}

impl Disk {
    fn path(&self) -> PathBuf {
        self.directory.join(FILE)
    }

    fn read(&mut self) -> io::Result<Vec<u8>> {
        match fs::metadata(self.path()) {
            // A device has no length, and a pipe no end.
            Ok(found) if !found.is_file() || found.len() > MAX_BYTES => {
                let problem = format!("{} is no file of at most 1 GiB: move it away", self.path().display());
                return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        }
        self.open()?;
        let mut bytes = Vec::new();
        File::open(self.path())?.take(MAX_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The file, to write behind its end.
    fn open(&mut self) -> io::Result<&mut File> {
        if matches!(self.state, State::Idle) {
            fs::create_dir_all(&self.directory)?;
            let mut options = OpenOptions::new();
            options.create(true).mode(0o600);
            let lock = options.clone().write(true).truncate(false).open(self.directory.join(LOCK))?;
            lock.try_lock().map_err(|refused| match refused {
                TryLockError::WouldBlock => {
                    io::Error::new(io::ErrorKind::WouldBlock, "another process uses it")
                }
                TryLockError::Error(error) => error,
            })?;
            let file = options.append(true).open(self.path())?;
            // The name of a file that is new has to last, too.
            File::open(&self.directory)?.sync_all()?;
            self.state = State::Open { _lock: lock, file };
        }
        match &mut self.state {
            State::Open { file, .. } => Ok(file),
            State::Idle | State::Closed => Err(io::Error::other("it was closed")),
        }
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.open()?;
        let draft = self.directory.join(format!(".{FILE}.draft"));
        let mut file = OpenOptions::new();
        let mut file = file.write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        let placed = written.and_then(|()| fs::rename(&draft, self.path()));
        if let Err(error) = placed {
            // It is only in the way.
            let _ = fs::remove_file(&draft);
            return Err(error);
        }
        let renewed = OpenOptions::new().append(true).open(self.path())?;
        if let State::Open { file, .. } = &mut self.state {
            *file = renewed;
        }
        File::open(&self.directory)?.sync_all()
    }
}

fn lock(disk: &Mutex<Disk>) -> MutexGuard<'_, Disk> {
    disk.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn it_is_written_read_replaced_and_left_to_the_next() {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        let disk = SnapshotDisk::new(&data);
        assert!(disk.read().await.unwrap().is_empty());
        assert!(!data.exists(), "nothing is made before there is something to write");
        disk.append(b"one ".to_vec()).await.unwrap();
        disk.append(b"two".to_vec()).await.unwrap();
        assert_eq!(disk.read().await.unwrap(), b"one two");
        let mode = fs::metadata(data.join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        disk.replace(b"three".to_vec()).await.unwrap();
        disk.append(b" four".to_vec()).await.unwrap();
        assert_eq!(disk.read().await.unwrap(), b"three four");
        assert_eq!(fs::read_dir(&data).unwrap().count(), 2, "no draft stays");

        let next = SnapshotDisk::new(&data);
        assert_eq!(next.read().await.unwrap_err().kind(), io::ErrorKind::WouldBlock);
        disk.close().await;
        assert!(disk.append(b"late".to_vec()).await.is_err());
        assert_eq!(next.read().await.unwrap(), b"three four");
    }

    #[tokio::test]
    async fn a_directory_that_cannot_be_made_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        let disk = SnapshotDisk::new(&file.join("data"));
        assert!(disk.append(b"one".to_vec()).await.is_err());
    }
}
