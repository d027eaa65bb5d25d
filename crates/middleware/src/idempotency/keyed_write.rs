//! What a handler knows of the write that it does.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use domain::{Fingerprint, LedgerRow, WriteKey};
use http::{Response, StatusCode};
use seal::{KeyRing, SealError};
use uuid::Uuid;

use super::layer::Shared;
use super::stored_answer;

/// A write with a key, in the extensions of its request. A handler that has a ledger asks it for the [`row`](Self::row) of its
/// answer and commits that in one transaction with its change. Cheap to clone.
#[derive(Clone)]
pub struct KeyedWrite(Arc<Parts>);

struct Parts {
    key: WriteKey,
    fingerprint: Fingerprint,
    owner: Uuid,
    ttl: Duration,
    usual_ttl: Duration,
    cache_key: Bytes,
    sealed_for: Vec<u8>,
    ring: KeyRing,
    max_answer_bytes: usize,
    /// The handler made the row of an answer, to commit it.
    has_row: AtomicBool,
}

/// In the extensions of an answer: the commit met a row with the key of this write already, so another call did it. The
/// layer gives the caller that call's answer, from the ledger, in place of this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlreadyCommitted;

impl KeyedWrite {
    pub(super) fn new(key: WriteKey, fingerprint: Fingerprint, ttl: Duration, shared: &Shared) -> Self {
        let cache_key = Bytes::from(match shared.key_prefix.as_ref() {
            "" => key.cache_key(),
            prefix => format!("{prefix}:{}", key.cache_key()),
        });
        // Also the request: the fingerprint beside a kept answer is not sealed, and whoever can write to the cache could
        // put an older answer of the same key under the fingerprint of another write.
        let sealed_for = [cache_key.as_ref(), b"\n", fingerprint.to_string().as_bytes()].concat();
        Self(Arc::new(Parts {
            key,
            fingerprint,
            owner: (shared.generator)(),
            ttl,
            usual_ttl: shared.settings.ttl,
            cache_key,
            sealed_for,
            ring: shared.ring.clone(),
            max_answer_bytes: shared.settings.max_answer_bytes,
            has_row: AtomicBool::new(false),
        }))
    }

    /// Which write of which caller.
    pub fn key(&self) -> &WriteKey {
        &self.0.key
    }

    /// What it asks for.
    pub fn fingerprint(&self) -> Fingerprint {
        self.0.fingerprint
    }

    /// Which try of the write: another call of the same key has another one.
    pub fn owner(&self) -> Uuid {
        self.0.owner
    }

    /// For how long a repeat gets the first answer, if that is a 2xx. Its [`row`](Self::row) says it of any answer.
    pub fn ttl(&self) -> Duration {
        self.0.ttl
    }

    /// For how long a repeat gets an answer with this status. Only of a write that was done is it worth while to know it for
    /// longer than usual.
    pub(super) fn ttl_of(&self, status: StatusCode) -> Duration {
        if status.is_success() { self.0.ttl } else { self.0.ttl.min(self.0.usual_ttl) }
    }

    /// What the ledger is to remember when the write is answered with `answer`. A body above the limit of the layer is
    /// left out: repeats then learn only that the write was done.
    pub fn row<B: AsRef<[u8]>>(&self, answer: &Response<B>) -> Result<LedgerRow, SealError> {
        let is_kept = answer.body().as_ref().len() <= self.0.max_answer_bytes;
        self.0.has_row.store(true, Ordering::Relaxed);
        Ok(LedgerRow {
            key: self.0.key.clone(),
            fingerprint: self.0.fingerprint,
            owner: self.0.owner,
            sealed_answer: if is_kept { Some(self.seal(answer)?) } else { None },
            ttl: self.ttl_of(answer.status()),
        })
    }

    /// Whether the handler came as far as to a commit: else its answer says what it found, which another try of the very write
    /// may have left there.
    pub(super) fn has_row(&self) -> bool {
        self.0.has_row.load(Ordering::Relaxed)
    }

    /// Where the cache remembers it.
    pub(super) fn cache_key(&self) -> &Bytes {
        &self.0.cache_key
    }

    /// Seals an answer for this write.
    pub(super) fn seal<B: AsRef<[u8]>>(&self, answer: &Response<B>) -> Result<Vec<u8>, SealError> {
        self.0.ring.seal(&stored_answer::encode(answer), &self.0.sealed_for)
    }

    /// Opens an answer that was sealed for this write; `None` when it does not open, and the log says why.
    pub(super) fn open(&self, sealed: &[u8]) -> Option<Response<Bytes>> {
        match self.0.ring.open(sealed, &self.0.sealed_for) {
            Ok(bytes) => stored_answer::decode(&bytes),
            Err(error) => {
                tracing::warn!(write = ?self.0.key, %error, "the kept answer of a write cannot be opened");
                None
            }
        }
    }
}

impl fmt::Debug for KeyedWrite {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("KeyedWrite")
            .field("key", &self.0.key)
            .field("owner", &self.0.owner)
            .field("ttl", &self.0.ttl)
            .finish_non_exhaustive()
    }
}
