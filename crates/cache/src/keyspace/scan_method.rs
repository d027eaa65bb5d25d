//! How keys are read.

/// How the keys are read, found out when the connection is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanMethod {
    /// A single node, or the cache inside this process: its own cursor.
    WholeNode,
    /// A cluster whose cursors are made of slot and position: a scan goes on after a fail-over where it was.
    SlotCursor,
    /// A cluster whose cursors are not: whole slots at once.
    SlotKeys,
}
