use async_trait::async_trait;

use super::StoreUnavailable;
use crate::audit::AuditEntry;
use crate::audit_chain::{ChainAnchor, ChainHead, ChainedRow, UnchainedRow};
use crate::audit_query::{AuditPage, AuditQuery};

/// The rows that changes left behind, and those of what changed no record: first they wait, then each gets its place in the
/// chain. Nothing changes a row, and none goes but from the beginning of the chain, when it is old.
#[async_trait]
pub trait AuditLog: Send + Sync + 'static {
    /// Keeps a row of what changed no record. One with the same id stays as it is.
    async fn append_audit(&self, entry: &AuditEntry) -> Result<(), StoreUnavailable>;

    /// What waits for its place in the chain, about in the order of its arrival, at most so many.
    async fn unchained(&self, limit: usize) -> Result<Vec<UnchainedRow>, StoreUnavailable>;

    /// How much waits.
    async fn unchained_count(&self) -> Result<u64, StoreUnavailable>;

    /// Puts a row into the chain, behind the last, and takes it out of what waits: both or nothing, or so that doing it again
    /// ends it.
    async fn chain(&self, row: &ChainedRow) -> Result<Chaining, StoreUnavailable>;

    /// The end of the chain: its last row, or where its rows would begin.
    async fn chain_head(&self) -> Result<ChainHead, StoreUnavailable>;

    /// The rows behind a number, by number, at most so many.
    async fn chained_after(&self, sequence: u64, limit: usize) -> Result<Vec<ChainedRow>, StoreUnavailable>;

    /// A page, newest first. A row that cannot be read is passed over. What a store looks at for it is bounded: a page may end
    /// before it is full.
    async fn audit_page(&self, query: &AuditQuery) -> Result<AuditPage, StoreUnavailable>;

    /// Where the chain begins, if rows were removed.
    async fn chain_anchor(&self) -> Result<Option<ChainAnchor>, StoreUnavailable>;

    /// Begins the chain at this place, and removes the rows up to there. An anchor that is further already stays. Says how many
    /// rows are gone.
    async fn remove_chained(&self, anchor: &ChainAnchor) -> Result<u64, StoreUnavailable>;
}

/// What became of a row that was to be chained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chaining {
    /// It has its place.
    Done,
    /// It has had a place for long, and waits no more.
    Before,
    /// Another row has the number: somebody else chains.
    Taken,
}
