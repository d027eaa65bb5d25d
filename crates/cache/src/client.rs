//! The operations every backend has.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;

use crate::error::CacheError;
use crate::steps::{
    DeleteIfEqual, Expiry, Fill, Lease, ReplaceIfEqual, SetIfAbsent, SetIfNewer, Take, TakeRequest,
};

/// A cache of byte values under byte keys, safe for concurrent use.
///
/// Every operation ends within its budget of 500 ms (for `del` and `exists`, 500 ms for each 1,000 keys), however
/// the servers behave. An operation that changes something is never sent twice unless doing it twice is the same
/// as doing it once, so an error whose [`CacheError::outcome_is_unknown`] may have taken effect once, never more.
pub trait CacheClient: Send + Sync {
    /// The value under `key`; [`CacheError::Miss`] when there is none.
    fn get(&self, key: &[u8]) -> impl Future<Output = Result<Bytes, CacheError>> + Send;

    /// Stores `value`, replacing what was there together with its time to live.
    fn set(
        &self,
        key: &[u8],
        value: Bytes,
        expiry: Expiry,
    ) -> impl Future<Output = Result<(), CacheError>> + Send;

    /// Removes the keys, wherever in the cluster they are. Returns how many existed; missing keys are no error.
    fn del(&self, keys: &[Bytes]) -> impl Future<Output = Result<u64, CacheError>> + Send;

    /// How many of the keys exist, wherever in the cluster they are; a key named twice counts twice.
    fn exists(&self, keys: &[Bytes]) -> impl Future<Output = Result<u64, CacheError>> + Send;

    /// Adds one to the integer under `key` (absent counts as 0) and returns the sum; a time to live stays.
    fn incr(&self, key: &[u8]) -> impl Future<Output = Result<i64, CacheError>> + Send;

    /// Sets the time to live of an existing key; `false` when there is no such key. Zero removes the key at once.
    fn expire(&self, key: &[u8], ttl: Duration) -> impl Future<Output = Result<bool, CacheError>> + Send;

    /// Answers when every node that owns keys answers.
    fn ping(&self) -> impl Future<Output = Result<(), CacheError>> + Send;

    /// Stores `value` only where nothing is stored, in one atomic step; returns what stands there otherwise.
    /// `value` must be unique to the caller (hold a random token): after a lost answer it tells whose claim it is.
    fn set_if_absent(
        &self,
        key: &[u8],
        value: Bytes,
        expiry: Expiry,
    ) -> impl Future<Output = Result<SetIfAbsent, CacheError>> + Send;

    /// Replaces the value and its time to live only where exactly `expected` is stored, in one atomic step. Like the
    /// value of a claim, `value` must be unique to the caller.
    fn replace_if_equal(
        &self,
        key: &[u8],
        expected: Bytes,
        value: Bytes,
        expiry: Expiry,
    ) -> impl Future<Output = Result<ReplaceIfEqual, CacheError>> + Send;

    /// Removes the key only where exactly `expected` is stored, in one atomic step. `expected` must be unique to the
    /// caller: after a lost answer, its absence counts as the caller's doing.
    fn delete_if_equal(
        &self,
        key: &[u8],
        expected: Bytes,
    ) -> impl Future<Output = Result<DeleteIfEqual, CacheError>> + Send;

    /// Stores a record of a version unless a newer version stands there, in one atomic step. What it stored is
    /// read with [`Cache::find_versioned`](crate::Cache::find_versioned). A value without a version gives way.
    fn set_if_newer(
        &self,
        key: &[u8],
        version: u64,
        value: Bytes,
        expiry: Expiry,
    ) -> impl Future<Output = Result<SetIfNewer, CacheError>> + Send;

    /// Reads a record of a version; where there is none, marks the key with the loader's `token` for `ttl`, in one
    /// atomic step. `token` must be unique to the loader, and `ttl` longer than it may take to load.
    fn lease(
        &self,
        key: &[u8],
        token: Bytes,
        ttl: Duration,
    ) -> impl Future<Output = Result<Lease, CacheError>> + Send;

    /// Stores what was loaded under a lease, in one atomic step: only where `token` still stands and nobody announced a
    /// version newer than `version`.
    fn fill(
        &self,
        key: &[u8],
        token: Bytes,
        version: u64,
        value: Bytes,
        expiry: Expiry,
    ) -> impl Future<Output = Result<Fill, CacheError>> + Send;

    /// Announces that the record has a new version: what stands is replaced, for `ttl`, by a tombstone that refuses fills
    /// of older versions. A write and not a removal, because removing what is not there tells no near-cache; where the
    /// server has no memory for it, what stands is removed. `ttl` must be longer than a load may take.
    fn invalidate(
        &self,
        key: &[u8],
        version: u64,
        ttl: Duration,
    ) -> impl Future<Output = Result<(), CacheError>> + Send;

    /// Takes from a rate limit (GCRA on the server's clock) in one atomic step. Never repeated by itself.
    fn take(&self, key: &[u8], request: TakeRequest)
    -> impl Future<Output = Result<Take, CacheError>> + Send;

    /// Ends every task and closes every socket, also while a server hangs. Afterwards every operation answers
    /// [`CacheError::Closed`] at once.
    fn close(&self) -> impl Future<Output = ()> + Send;
}
