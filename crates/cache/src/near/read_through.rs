//! Reading a versioned record through the shared cache, without ever putting an old one back.

use std::time::Duration;

use bytes::Bytes;

use super::reading;
use crate::backend::Cache;
use crate::client::CacheClient;
use crate::error::CacheError;
use crate::handle::CacheHandle;
use crate::steps::{Expiry, Fill, Lease};
use crate::version_stamp::{self, Stamped};

/// What the shared cache says of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum FoundRecord {
    /// It stands.
    Record {
        /// Its version.
        version: u64,
        /// Its bytes.
        value: Bytes,
    },
    /// It stands, but changes of it may have been lost. The source decides; this is for when the source gives no answer.
    Doubted {
        /// Its version.
        version: u64,
        /// Its bytes.
        value: Bytes,
    },
    /// The same, and whoever follows the source gets no answer from it: this is all there is.
    Unconfirmable {
        /// Its version.
        version: u64,
        /// Its bytes.
        value: Bytes,
    },
    /// There is none.
    Missing,
    /// The shared cache gave no answer; the source decides, and nothing is filled in.
    Unknown(CacheError),
    /// What stands there may be old: a change of it was not announced yet. The source decides, and nothing is filled in.
    Outdated,
}

/// Under which lease a record is loaded.
#[derive(Debug, Clone)]
pub struct LoadLease {
    /// Unique to this load.
    pub token: Bytes,
    /// Longer than the load may take.
    pub ttl: Duration,
    /// How long the record lives in the shared cache.
    pub expiry: Expiry,
}

/// A load that is over.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordLoad<E> {
    /// What it brought.
    pub loaded: Result<LoadedRecord, E>,
    /// What the shared cache failed with, if it did. It is no failure of the load.
    pub cache_error: Option<CacheError>,
}

/// What a load brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadedRecord {
    /// It stands in the shared cache now, with this version.
    InCache(u64, Bytes),
    /// It is good, but does not stand in the shared cache.
    NotInCache(u64, Bytes),
    /// It was superseded while it was loaded: good for whoever asked before, not to be held.
    Superseded(u64, Bytes),
    /// The source has none.
    Absent,
}

impl LoadedRecord {
    /// Its version and bytes; `None` when the source has none.
    pub fn into_record(self) -> Option<(u64, Bytes)> {
        match self {
            Self::InCache(version, value)
            | Self::NotInCache(version, value)
            | Self::Superseded(version, value) => Some((version, value)),
            Self::Absent => None,
        }
    }

    /// Whether a change of it will be told, for [`Loaded`](super::Loaded). A change of an absence is: whoever makes the
    /// record announces it under its key.
    pub fn is_watched(&self) -> bool {
        matches!(self, Self::InCache(..) | Self::Absent)
    }

    /// Whether it may be held, for [`Loaded`](super::Loaded).
    pub fn may_be_held(&self) -> bool {
        !matches!(self, Self::Superseded(..))
    }
}

impl CacheHandle {
    /// Asks the shared cache for a record.
    pub async fn find_record(&self, key: &[u8]) -> FoundRecord {
        if self.news().is_unsent(key) {
            return FoundRecord::Outdated;
        }
        let is_doubted = self.news().is_behind();
        let asked = reading::mark(key);
        let found = match self.current() {
            Ok(cache) => cache.find_versioned(key).await,
            Err(error) => Err(error),
        };
        match found {
            Ok(Some((version, value))) if is_doubted && self.news().is_source_away() => {
                FoundRecord::Unconfirmable { version, value }
            }
            Ok(Some((version, value))) if is_doubted => FoundRecord::Doubted { version, value },
            Ok(Some((version, value))) => {
                reading::adopt(asked);
                FoundRecord::Record { version, value }
            }
            Ok(None) => FoundRecord::Missing,
            Err(error) => FoundRecord::Unknown(error),
        }
    }

    /// Stores a record anew whose time is nearly over, unless a newer version stands there. What it is stored with was read
    /// from the source after it was found.
    pub async fn renew_record(&self, key: &[u8], version: u64, value: Bytes, expiry: Expiry) {
        if self.news().is_unsent(key) {
            return;
        }
        let renewed = match self.current() {
            Ok(cache) => cache.set_if_newer(key, version, value, expiry).await.map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = renewed {
            tracing::debug!(%error, "a record is not renewed");
        }
    }

    /// Loads a record that [`find_record`](Self::find_record) did not find, under a lease, and fills it in. `load` brings
    /// its version and bytes. Failures of the shared cache are no failures of the load, and are told beside it.
    ///
    /// A lease is not given back: where there is no record, and where the load fails, it stands until its time is over,
    /// and whoever comes meanwhile loads without filling in.
    pub async fn load_record<E>(
        &self,
        key: &[u8],
        lease: LoadLease,
        load: impl Future<Output = Result<Option<(u64, Bytes)>, E>>,
    ) -> RecordLoad<E> {
        let mut cache_error = None;
        let loaded = self.leased(key, lease, load, &mut cache_error).await;
        RecordLoad { loaded, cache_error }
    }

    async fn leased<E>(
        &self,
        key: &[u8],
        lease: LoadLease,
        load: impl Future<Output = Result<Option<(u64, Bytes)>, E>>,
        cache_error: &mut Option<CacheError>,
    ) -> Result<LoadedRecord, E> {
        let heard = self.news().heard(key);
        if self.news().is_unsent(key) {
            let loaded = load.await?;
            return Ok(loaded
                .map_or(LoadedRecord::Absent, |(version, value)| LoadedRecord::NotInCache(version, value)));
        }
        let cache = self.current();
        // A lease is good also then: changes that are lost after it was granted are gone through later.
        let is_doubted = self.news().is_behind();
        let asked = reading::mark(key);
        let granted = match &cache {
            Ok(cache) => cache.lease(key, lease.token.clone(), lease.ttl).await,
            Err(error) => Err(error.clone()),
        };
        *cache_error = granted.as_ref().err().cloned();
        if let (Ok(Lease::Found { version, value }), false) = (&granted, is_doubted) {
            reading::adopt(asked);
            return Ok(LoadedRecord::InCache(*version, value.clone()));
        }
        let loaded = load.await?;
        let (Ok(cache), Ok(Lease::Granted)) = (cache, granted) else {
            return Ok(loaded
                .map_or(LoadedRecord::Absent, |(version, value)| LoadedRecord::NotInCache(version, value)));
        };
        // Our own lease was told to us as a change. That it still stands shows that nothing else changed.
        let asked = reading::mark(key);
        // A change that this process knows of, and the shared cache perhaps not: the lease says nothing then.
        if self.news().heard(key) != heard || self.news().is_unsent(key) {
            return Ok(loaded
                .map_or(LoadedRecord::Absent, |(version, value)| LoadedRecord::Superseded(version, value)));
        }
        let Some((version, value)) = loaded else {
            if asked.is_some() && lease_stands(&cache, key, &lease.token).await {
                reading::adopt(asked);
            }
            return Ok(LoadedRecord::Absent);
        };
        Ok(match cache.fill(key, lease.token, version, value.clone(), lease.expiry).await {
            Ok(Fill::Stored) => {
                reading::adopt(asked);
                LoadedRecord::InCache(version, value)
            }
            Ok(Fill::Refused) => LoadedRecord::Superseded(version, value),
            Err(error) => {
                *cache_error = Some(error);
                LoadedRecord::NotInCache(version, value)
            }
        })
    }
}

async fn lease_stands(cache: &Cache, key: &[u8], token: &Bytes) -> bool {
    let stored = cache.get(key).await.ok();
    let stamped = stored.and_then(|stored| version_stamp::open(&stored));
    matches!(stamped, Some((_, Stamped::Lease { token: standing })) if standing == *token)
}
