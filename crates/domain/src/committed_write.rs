//! Writes that were done, as the record store remembers them.

use std::fmt;
use std::time::Duration;

use uuid::Uuid;

use crate::fingerprint::Fingerprint;
use crate::write_key::WriteKey;

/// A write that was committed, as it is found again.
#[derive(Clone, PartialEq, Eq)]
pub struct CommittedWrite {
    /// What it asked for.
    pub fingerprint: Fingerprint,
    /// The sealed answer; `None` where it was too large to be kept.
    pub sealed_answer: Option<Vec<u8>>,
}

/// What a store commits together with a change, so that the change is not made again: under its `key`, which is unique in
/// the store, until `ttl` is over.
#[derive(Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// Which write of which caller.
    pub key: WriteKey,
    /// What it asks for.
    pub fingerprint: Fingerprint,
    /// Which try of the write: a store without transactions over several documents finds its own half-done work by it.
    pub owner: Uuid,
    /// The answer that every repeat gets, sealed; `None` where it is too large to be kept.
    pub sealed_answer: Option<Vec<u8>>,
    /// For how long after the commit the row is found.
    pub ttl: Duration,
}

impl LedgerRow {
    /// What is found of the row later.
    pub fn committed(self) -> CommittedWrite {
        CommittedWrite { fingerprint: self.fingerprint, sealed_answer: self.sealed_answer }
    }
}

impl fmt::Debug for CommittedWrite {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CommittedWrite")
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for LedgerRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LedgerRow")
            .field("key", &self.key)
            .field("fingerprint", &self.fingerprint)
            .field("owner", &self.owner)
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}
