//! The cache inside this process: the same semantics as Valkey, for tests and for running with nothing configured.

mod entry;
mod keyspace;
mod listeners;
mod store;
mod stripe;
mod time;

#[cfg(test)]
mod limit_tests;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use self::entry::{deadline, parse_integer};
use self::store::Store;
#[cfg(test)]
pub(crate) use self::time::ManualTime;
pub(crate) use self::time::{SteadyTime, TimeSource};
use crate::client::CacheClient;
use crate::error::CacheError;
use crate::gcra;
use crate::near::Hub;
use crate::steps::{
    DeleteIfEqual, Expiry, Fill, Lease, ReplaceIfEqual, SetIfAbsent, SetIfNewer, Take, TakeRequest,
};
use crate::version_stamp::{self, Stamped};

/// How much the embedded cache holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbeddedLimits {
    /// Memory for values, in bytes of key, value and table. The least recently used make room for new ones.
    pub max_bytes: u64,
    /// How many claims, limits and leases may be held. They are never evicted: one more is
    /// [`CacheError::Full`].
    pub max_pinned: usize,
    /// Memory for them, in bytes of key, value and table; what would go above it is [`CacheError::Full`] too.
    pub max_pinned_bytes: u64,
}

impl Default for EmbeddedLimits {
    /// 64 MiB of values; 100,000 claims, limits and leases, of 64 MiB together.
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self { max_bytes: 64 * MIB, max_pinned: 100_000, max_pinned_bytes: 64 * MIB }
    }
}

/// The cache inside this process. What a plain `set`, `incr` or `set_if_newer` stores may be evicted; what
/// `set_if_absent`, `replace_if_equal` and `take` store is a claim, a lease or a limit, and is not.
pub struct EmbeddedCache {
    store: Arc<Store>,
    limits: EmbeddedLimits,
}

impl EmbeddedCache {
    /// An empty cache.
    pub fn new(limits: EmbeddedLimits) -> Self {
        Self::with_clock(limits, Arc::new(SteadyTime::new()))
    }

    pub(crate) fn with_clock(limits: EmbeddedLimits, clock: Arc<dyn TimeSource>) -> Self {
        Self { store: Arc::new(Store::new(limits, clock)), limits }
    }
}

impl EmbeddedCache {
    /// Tells `hub` from now on which keys change, before the change is answered, for as long as the hub lives.
    pub(crate) fn track(&self, hub: &Arc<Hub>) {
        self.store.listeners.add(hub);
    }
}

impl CacheClient for EmbeddedCache {
    async fn get(&self, key: &[u8]) -> Result<Bytes, CacheError> {
        let found = self.store.step(key, |slot| Ok(slot.read()))?;
        self.store.counters.count_read(found.is_some());
        found.map(|entry| entry.value).ok_or(CacheError::Miss)
    }

    async fn set(&self, key: &[u8], value: Bytes, expiry: Expiry) -> Result<(), CacheError> {
        self.store.step(key, |slot| {
            slot.put(&value, deadline(slot.now, expiry));
            Ok(())
        })
    }

    async fn del(&self, keys: &[Bytes]) -> Result<u64, CacheError> {
        self.check_open()?;
        let mut removed = 0;
        for key in keys {
            removed += u64::from(self.remove(key)?);
        }
        Ok(removed)
    }

    async fn exists(&self, keys: &[Bytes]) -> Result<u64, CacheError> {
        self.check_open()?;
        let mut present = 0;
        for key in keys {
            let found = self.store.step(key, |slot| Ok(slot.read().is_some()))?;
            self.store.counters.count_read(found);
            present += u64::from(found);
        }
        Ok(present)
    }

    async fn incr(&self, key: &[u8]) -> Result<i64, CacheError> {
        self.store.step(key, |slot| {
            let (before, expires_at) = match slot.read() {
                Some(entry) => (parse_integer(&entry.value).ok_or(CacheError::WrongType)?, entry.expires_at),
                None => (0, None),
            };
            let sum = before.checked_add(1).ok_or(CacheError::WrongType)?;
            slot.rewrite(sum.to_string().as_bytes(), expires_at)?;
            Ok(sum)
        })
    }

    async fn expire(&self, key: &[u8], ttl: Duration) -> Result<bool, CacheError> {
        if ttl.is_zero() {
            return self.remove(key);
        }
        self.store.step(key, |slot| {
            let Some(entry) = slot.read() else {
                return Ok(false);
            };
            slot.rewrite(&entry.value, deadline(slot.now, Expiry::After(ttl)))?;
            Ok(true)
        })
    }

    async fn ping(&self) -> Result<(), CacheError> {
        self.check_open()
    }

    async fn set_if_absent(
        &self,
        key: &[u8],
        value: Bytes,
        expiry: Expiry,
    ) -> Result<SetIfAbsent, CacheError> {
        self.store.step(key, |slot| {
            if let Some(standing) = slot.read() {
                return Ok(SetIfAbsent::Present(standing.value));
            }
            slot.pin(&value, deadline(slot.now, expiry))?;
            Ok(SetIfAbsent::Stored)
        })
    }

    async fn replace_if_equal(
        &self,
        key: &[u8],
        expected: Bytes,
        value: Bytes,
        expiry: Expiry,
    ) -> Result<ReplaceIfEqual, CacheError> {
        self.store.step(key, |slot| {
            let Some(standing) = slot.read() else {
                return Ok(ReplaceIfEqual::Missing);
            };
            if standing.value != expected {
                return Ok(ReplaceIfEqual::Different);
            }
            slot.pin(&value, deadline(slot.now, expiry))?;
            Ok(ReplaceIfEqual::Replaced)
        })
    }

    async fn delete_if_equal(&self, key: &[u8], expected: Bytes) -> Result<DeleteIfEqual, CacheError> {
        self.store.step(key, |slot| {
            let Some(standing) = slot.read() else {
                return Ok(DeleteIfEqual::Missing);
            };
            if standing.value != expected {
                return Ok(DeleteIfEqual::Different);
            }
            slot.remove();
            Ok(DeleteIfEqual::Deleted)
        })
    }

    async fn set_if_newer(
        &self,
        key: &[u8],
        version: u64,
        value: Bytes,
        expiry: Expiry,
    ) -> Result<SetIfNewer, CacheError> {
        let stored = version_stamp::seal(version, &value);
        self.store.step(key, |slot| match slot.read().and_then(|entry| version_stamp::open(&entry.value)) {
            Some((standing, _)) if standing > version => Ok(SetIfNewer::NewerStands { version: standing }),
            _ => {
                slot.put(&stored, deadline(slot.now, expiry));
                Ok(SetIfNewer::Stored)
            }
        })
    }

    async fn lease(&self, key: &[u8], token: Bytes, ttl: Duration) -> Result<Lease, CacheError> {
        self.store.step(key, |slot| {
            let announced = match slot.read().and_then(|entry| version_stamp::open(&entry.value)) {
                Some((version, Stamped::Record(value))) => return Ok(Lease::Found { version, value }),
                Some((_, Stamped::Lease { token: holder })) if holder == token => return Ok(Lease::Granted),
                Some((_, Stamped::Lease { .. })) => return Ok(Lease::Held),
                Some((version, Stamped::Tombstone)) => version,
                None => 0,
            };
            slot.put(&version_stamp::lease(announced, &token), deadline(slot.now, Expiry::After(ttl)));
            Ok(Lease::Granted)
        })
    }

    async fn fill(
        &self,
        key: &[u8],
        token: Bytes,
        version: u64,
        value: Bytes,
        expiry: Expiry,
    ) -> Result<Fill, CacheError> {
        self.store.step(key, |slot| match slot.read().and_then(|entry| version_stamp::open(&entry.value)) {
            Some((announced, Stamped::Lease { token: holder }))
                if holder == token && announced <= version =>
            {
                slot.put(&version_stamp::seal(version, &value), deadline(slot.now, expiry));
                Ok(Fill::Stored)
            }
            _ => Ok(Fill::Refused),
        })
    }

    async fn invalidate(&self, key: &[u8], version: u64, ttl: Duration) -> Result<(), CacheError> {
        self.store.step(key, |slot| {
            let standing = slot.read().and_then(|entry| version_stamp::open(&entry.value));
            let newest = standing.map_or(version, |(standing, _)| standing.max(version));
            slot.put(&version_stamp::tombstone(newest), deadline(slot.now, Expiry::After(ttl)));
            Ok(())
        })
    }

    async fn take(&self, key: &[u8], request: TakeRequest) -> Result<Take, CacheError> {
        self.store.step(key, |slot| {
            // A value that is no time gives way.
            let stored = slot.read().and_then(|entry| parse_integer(&entry.value)?.try_into().ok());
            let (take, arrival) = gcra::decide(slot.now, stored, request);
            if let Some(arrival) = arrival {
                // Once that time is reached the limit is whole again, which is what an absent key says.
                slot.pin(arrival.to_string().as_bytes(), Some(arrival))?;
            }
            Ok(take)
        })
    }

    async fn close(&self) {
        self.store.close();
    }
}

impl EmbeddedCache {
    fn remove(&self, key: &[u8]) -> Result<bool, CacheError> {
        self.store.step(key, |slot| {
            let present = slot.read().is_some();
            slot.remove();
            Ok(present)
        })
    }

    fn check_open(&self) -> Result<(), CacheError> {
        self.store.evictable().map(drop)
    }
}
