//! The closed set of backends, and what is written once over all of them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::client::CacheClient;
use crate::config::CacheConfig;
use crate::embedded::{EmbeddedCache, EmbeddedLimits};
use crate::error::CacheError;
use crate::keyspace::Keyspace;
#[cfg(feature = "mock")]
use crate::mock::MockCache;
use crate::steps::{
    DeleteIfEqual, Expiry, Fill, Lease, ReplaceIfEqual, SetIfAbsent, SetIfNewer, Take, TakeRequest,
};
use crate::valkey::ValkeyCache;
use crate::version_stamp;

/// A cache, whatever is behind it. Cheap to clone; all clones are one client.
#[derive(Clone)]
pub enum Cache {
    /// Valkey, single node or cluster.
    Valkey(Arc<ValkeyCache>),
    /// The twin inside this process.
    Embedded(Arc<EmbeddedCache>),
    /// Scripted answers for unit tests of callers.
    #[cfg(feature = "mock")]
    Mock(Arc<MockCache>),
}

/// Connects to Valkey and returns when every node that owns keys answered a PING. On a failure everything that was
/// opened is closed again.
pub async fn connect(config: CacheConfig) -> Result<Cache, CacheError> {
    ValkeyCache::connect(config).await.map(|cache| Cache::Valkey(Arc::new(cache)))
}

/// Calls the same method of whichever backend it is.
macro_rules! on_backend {
    ($cache:expr, $backend:ident => $call:expr) => {
        match $cache {
            Cache::Valkey($backend) => $call,
            Cache::Embedded($backend) => $call,
            #[cfg(feature = "mock")]
            Cache::Mock($backend) => $call,
        }
    };
}

impl Cache {
    /// The cache inside this process, with the default limits.
    pub fn embedded() -> Self {
        Self::Embedded(Arc::new(EmbeddedCache::new(EmbeddedLimits::default())))
    }

    /// The keys, for the cache API. A mock has none.
    pub fn keyspace(&self) -> Keyspace {
        match self {
            Self::Valkey(cache) => Keyspace::of_valkey(Arc::clone(cache)),
            Self::Embedded(cache) => Keyspace::of_embedded(Arc::clone(cache)),
            #[cfg(feature = "mock")]
            Self::Mock(_) => Self::embedded().keyspace(),
        }
    }

    /// Reads a JSON value; `None` when there is none. A value of another shape counts as none: it was written by
    /// another release and will be replaced.
    pub async fn find<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, CacheError> {
        match self.get(key).await {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(CacheError::Miss) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Stores a value as JSON. A value that has no JSON form (a map with keys that are no strings) is not stored.
    pub async fn store<T: Serialize + Sync>(
        &self,
        key: &[u8],
        value: &T,
        expiry: Expiry,
    ) -> Result<(), CacheError> {
        let Ok(json) = serde_json::to_vec(value) else {
            return Ok(());
        };
        self.set(key, json.into(), expiry).await
    }

    /// Tells whoever subscribed to the channel at this moment, on any node, and says how many that were on the node that was
    /// asked. To the embedded cache nobody subscribes. After a lost answer it may be told twice.
    pub async fn publish(&self, channel: &[u8], message: Bytes) -> Result<u64, CacheError> {
        match self {
            Self::Valkey(cache) => cache.publish(channel, message).await,
            Self::Embedded(_) => Ok(0),
            #[cfg(feature = "mock")]
            Self::Mock(_) => Ok(0),
        }
    }

    /// Reads what [`CacheClient::set_if_newer`] stored: its version and the value. `None` when there is nothing,
    /// or a value without a version.
    pub async fn find_versioned(&self, key: &[u8]) -> Result<Option<(u64, Bytes)>, CacheError> {
        match self.get(key).await {
            Ok(stored) => Ok(version_stamp::record(&stored)),
            Err(CacheError::Miss) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl CacheClient for Cache {
    async fn get(&self, key: &[u8]) -> Result<Bytes, CacheError> {
        on_backend!(self, cache => cache.get(key).await)
    }

    async fn set(&self, key: &[u8], value: Bytes, expiry: Expiry) -> Result<(), CacheError> {
        on_backend!(self, cache => cache.set(key, value, expiry).await)
    }

    async fn del(&self, keys: &[Bytes]) -> Result<u64, CacheError> {
        on_backend!(self, cache => cache.del(keys).await)
    }

    async fn exists(&self, keys: &[Bytes]) -> Result<u64, CacheError> {
        on_backend!(self, cache => cache.exists(keys).await)
    }

    async fn incr(&self, key: &[u8]) -> Result<i64, CacheError> {
        on_backend!(self, cache => cache.incr(key).await)
    }

    async fn expire(&self, key: &[u8], ttl: Duration) -> Result<bool, CacheError> {
        on_backend!(self, cache => cache.expire(key, ttl).await)
    }

    async fn ping(&self) -> Result<(), CacheError> {
        on_backend!(self, cache => cache.ping().await)
    }

    async fn set_if_absent(
        &self,
        key: &[u8],
        value: Bytes,
        expiry: Expiry,
    ) -> Result<SetIfAbsent, CacheError> {
        on_backend!(self, cache => cache.set_if_absent(key, value, expiry).await)
    }

    async fn replace_if_equal(
        &self,
        key: &[u8],
        expected: Bytes,
        value: Bytes,
        expiry: Expiry,
    ) -> Result<ReplaceIfEqual, CacheError> {
        on_backend!(self, cache => cache.replace_if_equal(key, expected, value, expiry).await)
    }

    async fn delete_if_equal(&self, key: &[u8], expected: Bytes) -> Result<DeleteIfEqual, CacheError> {
        on_backend!(self, cache => cache.delete_if_equal(key, expected).await)
    }

    async fn set_if_newer(
        &self,
        key: &[u8],
        version: u64,
        value: Bytes,
        expiry: Expiry,
    ) -> Result<SetIfNewer, CacheError> {
        on_backend!(self, cache => cache.set_if_newer(key, version, value, expiry).await)
    }

    async fn lease(&self, key: &[u8], token: Bytes, ttl: Duration) -> Result<Lease, CacheError> {
        on_backend!(self, cache => cache.lease(key, token, ttl).await)
    }

    async fn fill(
        &self,
        key: &[u8],
        token: Bytes,
        version: u64,
        value: Bytes,
        expiry: Expiry,
    ) -> Result<Fill, CacheError> {
        on_backend!(self, cache => cache.fill(key, token, version, value, expiry).await)
    }

    async fn invalidate(&self, key: &[u8], version: u64, ttl: Duration) -> Result<(), CacheError> {
        on_backend!(self, cache => cache.invalidate(key, version, ttl).await)
    }

    async fn take(&self, key: &[u8], request: TakeRequest) -> Result<Take, CacheError> {
        on_backend!(self, cache => cache.take(key, request).await)
    }

    async fn close(&self) {
        on_backend!(self, cache => cache.close().await);
    }
}
