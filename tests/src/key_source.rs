//! A source of API keys that can be slowed and killed.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::{ApiKeyHash, ApiKeyRecord, ApiKeySource, SourceUnavailable};

use crate::known_keys::{known_key, record};

/// How the source answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// After this long; zero is at once.
    After(Duration),
    /// Never.
    Silent,
    /// With an error.
    Down,
}

/// A number of known keys in memory. Clones are one.
#[derive(Clone)]
pub struct KeySource {
    shared: Arc<Shared>,
}

struct Shared {
    records: Mutex<HashMap<String, ApiKeyRecord>>,
    pace: Mutex<Pace>,
    look_ups: AtomicU64,
}

impl KeySource {
    /// Knows the keys `0..count`, and answers at once.
    pub fn new(count: usize) -> Self {
        let records =
            (0..count).map(record).map(|record| (record.hash.to_string(), record)).collect::<HashMap<_, _>>();
        Self {
            shared: Arc::new(Shared {
                records: Mutex::new(records),
                pace: Mutex::new(Pace::After(Duration::ZERO)),
                look_ups: AtomicU64::new(0),
            }),
        }
    }

    /// Answers like this from now on; look-ups that are under way go on as they began.
    pub fn set_pace(&self, pace: Pace) {
        *self.shared.pace.lock().unwrap_or_else(PoisonError::into_inner) = pace;
    }

    /// How often it was asked.
    pub fn look_ups(&self) -> u64 {
        self.shared.look_ups.load(Ordering::Relaxed)
    }

    /// Changes what is known of a key, and raises its version, which is returned: the caller says so to the cache. A key
    /// that is not known yet is registered first.
    pub fn change(&self, number: usize, change: impl FnOnce(&mut ApiKeyRecord)) -> u64 {
        let mut records = self.shared.records.lock().unwrap_or_else(PoisonError::into_inner);
        let record = records
            .entry(ApiKeyHash::of(&known_key(number)).to_string())
            .or_insert_with(|| ApiKeyRecord { version: 0, ..record(number) });
        change(record);
        record.version += 1;
        record.version
    }

    /// Forgets a key; returns the version that says so.
    pub fn revoke(&self, number: usize) -> u64 {
        let mut records = self.shared.records.lock().unwrap_or_else(PoisonError::into_inner);
        let removed = records.remove(&ApiKeyHash::of(&known_key(number)).to_string());
        removed.map_or(0, |record| record.version) + 1
    }
}

#[async_trait]
impl ApiKeySource for KeySource {
    async fn find(&self, hash: &ApiKeyHash) -> Result<Option<ApiKeyRecord>, SourceUnavailable> {
        self.shared.look_ups.fetch_add(1, Ordering::Relaxed);
        let pace = *self.shared.pace.lock().unwrap_or_else(PoisonError::into_inner);
        match pace {
            Pace::After(Duration::ZERO) => {}
            Pace::After(delay) => tokio::time::sleep(delay).await,
            Pace::Silent => std::future::pending().await,
            Pace::Down => {
                return Err(SourceUnavailable {
                    source: io::Error::from(io::ErrorKind::ConnectionRefused).into(),
                });
            }
        }
        let records = self.shared.records.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(records.get(&hash.to_string()).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_answers_as_it_is_told() {
        let source = KeySource::new(2);
        let hash = ApiKeyHash::of(&known_key(1));
        assert_eq!(source.find(&hash).await.unwrap().unwrap().version, 1);
        assert_eq!(source.change(1, |record| record.name = "renamed".to_owned()), 2);
        source.set_pace(Pace::After(Duration::from_secs(1)));
        assert_eq!(source.find(&hash).await.unwrap().unwrap().name, "renamed");
        assert_eq!(source.revoke(1), 3);
        assert!(source.find(&hash).await.unwrap().is_none());
        source.set_pace(Pace::Down);
        assert!(source.find(&hash).await.is_err());
        source.set_pace(Pace::Silent);
        assert!(tokio::time::timeout(Duration::from_secs(60), source.find(&hash)).await.is_err());
        assert_eq!(source.look_ups(), 5);
        assert_eq!(source.change(9, |_| {}), 1);
    }
}
