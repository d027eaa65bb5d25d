//! Where the snapshot is kept.

use std::io;

use async_trait::async_trait;

/// A file that one process writes, beside it and not in a store: it is for the time when no store answers.
#[async_trait]
pub trait SnapshotFile: Send + Sync + 'static {
    /// All of it; nothing when there is none yet.
    async fn read(&self) -> io::Result<Vec<u8>>;

    /// Appends; returns once the bytes are synced to the disk.
    async fn append(&self, bytes: Vec<u8>) -> io::Result<()>;

    /// Puts bytes in the place of what is there: all of them, or nothing changes.
    async fn replace(&self, bytes: Vec<u8>) -> io::Result<()>;

    /// Leaves the file to the next process; it is of no use here any more.
    async fn close(&self);
}
