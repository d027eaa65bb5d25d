//! What the fail-safe counts.

/// Counters and sizes of the fail-safe, since the process began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FailSafeCounters {
    /// What is remembered, entry by entry.
    pub entries: u64,
    /// What it takes.
    pub bytes: u64,
    /// Entries that made room for others.
    pub evicted: u64,
    /// Answers from what is remembered of connections.
    pub served: u64,
    /// Keys that were let in by what is remembered of them.
    pub honoured: u64,
    /// Entries of the snapshot that could not be read: torn, changed, or sealed with another key.
    pub skipped: u64,
    /// Times the snapshot could not be written.
    pub failures: u64,
    /// Bytes of the snapshot.
    pub file_bytes: u64,
}
