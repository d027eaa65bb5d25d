//! The right to do a write, held in the cache.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use cache::{CacheClient, CacheError, CacheHandle, Expiry, ReplaceIfEqual, SetIfAbsent};
use tokio::time::{Instant, sleep, timeout};

use super::keyed_write::KeyedWrite;
use super::record::Record;
use crate::error_chain::error_chain;

/// Pauses between tries while the cache is away, first and longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(500));

/// For how long it is tried at most: a write that waits has a place among those that run.
const LONGEST_TRY: Duration = Duration::from_secs(300);

/// How long the cache may take for a claim after it failed a layer in front. Enough for a node that works: it may be another
/// one that failed.
const AFTER_TROUBLE: Duration = Duration::from_millis(100);

/// A claim of one call, made or not. Every step is safe against its own repetition: the value names its owner.
pub(super) struct Claim {
    cache: CacheHandle,
    write: KeyedWrite,
    value: Bytes,
    lease: Duration,
}

/// What takes the place of the claim when the write is done.
pub(super) struct End {
    pub(super) record: Bytes,
    /// For how long repeats are answered from it.
    pub(super) ttl: Duration,
}

/// Outcome of a try to claim.
pub(super) enum Claimed {
    /// Nobody else may do the write now.
    Ours,
    /// What stands there already.
    Standing(Bytes),
}

/// Outcome of putting an end in place of the claim, or of renewing it.
#[derive(Debug, PartialEq, Eq)]
enum Placed {
    Stands,
    /// Somebody else's claim or answer stands: the cache forgot ours in between.
    Lost,
}

impl Claim {
    pub(super) fn new(cache: CacheHandle, write: KeyedWrite, lease: Duration) -> Self {
        let value = Record::processing(&write);
        Self { cache, write, value, lease }
    }

    /// The same as [`make`](Self::make) for a request that has waited for the cache already: it does not wait as long again.
    pub(super) async fn make_after_trouble(&self) -> Result<Claimed, CacheError> {
        let node = self.cache.addresses().to_owned();
        let elapsed = CacheError::Timeout { node, after: AFTER_TROUBLE };
        timeout(AFTER_TROUBLE, self.make()).await.unwrap_or(Err(elapsed))
    }

    /// Claims the key where nobody has.
    pub(super) async fn make(&self) -> Result<Claimed, CacheError> {
        let cache = self.cache.current()?;
        let lease = Expiry::After(self.lease);
        match cache.set_if_absent(self.write.cache_key(), self.value.clone(), lease).await? {
            SetIfAbsent::Stored => Ok(Claimed::Ours),
            SetIfAbsent::Present(standing) if standing == self.value => Ok(Claimed::Ours),
            SetIfAbsent::Present(standing) => Ok(Claimed::Standing(standing)),
        }
    }

    /// Renews the claim for as long as it is polled, so that only the death of the process ends it early.
    pub(super) async fn keep(&self) -> Infallible {
        let rhythm = (self.lease / 3).max(Duration::from_millis(10));
        let mut pause = rhythm;
        loop {
            sleep(pause).await;
            pause = rhythm;
            match self.place(&self.value, self.lease).await {
                Ok(Placed::Stands) => {}
                Ok(Placed::Lost) => {
                    tracing::warn!(write = ?self.write.key(), "the claim was lost while the write ran");
                    std::future::pending::<()>().await;
                }
                Err(error) => {
                    let cause = error_chain(&error);
                    tracing::debug!(write = ?self.write.key(), cause, "the claim could not be renewed");
                    // The third in the usual rhythm would come when the lease is over.
                    pause = rhythm / 4;
                }
            }
        }
    }

    /// Puts the end of the write in place of the claim.
    pub(super) async fn complete(&self, end: &End) -> Result<(), CacheError> {
        if self.place(&end.record, end.ttl).await? == Placed::Lost {
            // That call's answer is what repeats get. Without a ledger the write may have been done twice.
            tracing::warn!(write = ?self.write.key(), "another call took the key while the write ran");
        }
        Ok(())
    }

    /// The same after it failed, tried until it is done, repeats would not be answered any more, or waiting cannot help.
    pub(super) async fn complete_later(&self, end: &End, mut error: CacheError) {
        let mut tries = Tries::within(end.ttl);
        while error.is_outage() && tries.pause().await {
            match self.complete(end).await {
                Ok(()) => return,
                Err(again) => error = again,
            }
        }
        let cause = error_chain(&error);
        tracing::warn!(write = ?self.write.key(), cause, "the answer of a write could not be kept");
    }

    /// Makes the key free again.
    pub(super) async fn release(&self) -> Result<(), CacheError> {
        self.cache.current()?.delete_if_equal(self.write.cache_key(), self.value.clone()).await.map(drop)
    }

    /// The same after it failed, tried until it is done, the lease is over, or waiting cannot help.
    pub(super) async fn release_later(&self, mut error: CacheError) {
        let mut tries = Tries::within(self.lease);
        while error.is_outage() && tries.pause().await {
            match self.release().await {
                Ok(()) => return,
                Err(again) => error = again,
            }
        }
    }

    /// A value in place of the claim, or where the cache has forgotten it.
    async fn place(&self, value: &Bytes, ttl: Duration) -> Result<Placed, CacheError> {
        let cache = self.cache.current()?;
        let (key, expiry) = (self.write.cache_key(), Expiry::After(ttl));
        let replaced = cache.replace_if_equal(key, self.value.clone(), value.clone(), expiry).await?;
        if replaced == ReplaceIfEqual::Replaced {
            return Ok(Placed::Stands);
        }
        // After a lost answer it may be our own value that stands: this tells.
        match cache.set_if_absent(key, value.clone(), expiry).await? {
            SetIfAbsent::Stored => Ok(Placed::Stands),
            SetIfAbsent::Present(standing) if standing == *value => Ok(Placed::Stands),
            SetIfAbsent::Present(_) => Ok(Placed::Lost),
        }
    }
}

/// Tries with growing pauses, for a time.
struct Tries {
    end: Instant,
    pause: Duration,
}

impl Tries {
    fn within(time: Duration) -> Self {
        Self { end: Instant::now() + time.min(LONGEST_TRY), pause: PAUSE.0 }
    }

    /// Waits before the next try; `false` when the time is over.
    async fn pause(&mut self) -> bool {
        if Instant::now() + self.pause >= self.end {
            return false;
        }
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(PAUSE.1);
        true
    }
}
