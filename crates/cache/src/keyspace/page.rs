//! One page of keys.

use bytes::Bytes;

use crate::glob::Glob;
use crate::keyspace::Cursor;

/// The most keys one page may ask for.
pub const MAX_PAGE: usize = 1_000;

/// What a page is asked for with.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// Which keys.
    pub pattern: Glob,
    /// Where the last page ended, or [`Cursor::START`].
    pub cursor: Cursor,
    /// About how many keys, 1 to [`MAX_PAGE`]. As with SCAN, a page may hold a few more, fewer, or none.
    pub limit: usize,
}

/// A page of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The keys, each once.
    pub keys: Vec<Bytes>,
    /// Where the next page begins; the edge when this was the last.
    pub cursor: Cursor,
    /// The scan began again at the start: the server that gave the position is gone and there is no smaller unit
    /// to repeat (single node), or the cursor belongs to another kind of cache. Keys of earlier pages come again.
    pub restarted: bool,
}
