//! A cache that may not be connected yet.

use std::sync::Arc;

use tokio::sync::watch;

use crate::backend::Cache;
use crate::error::CacheError;
use crate::near::{Hub, News, TrackingCounters};

/// The cache of the process, also before its first connection: the service listens at once and connects in the
/// background. All clones are one.
#[derive(Clone)]
pub struct CacheHandle {
    state: Arc<watch::Sender<State>>,
    addresses: Arc<str>,
    hub: Arc<Hub>,
    news: Arc<News>,
}

enum State {
    /// Not connected; why the newest attempt failed.
    Waiting(CacheError),
    Connected(Cache),
}

impl CacheHandle {
    /// A cache that is connected, or embedded.
    pub fn connected(cache: Cache) -> Self {
        let handle = Self::with(State::Waiting(CacheError::Closed), "the cache".into());
        handle.attach(cache);
        handle
    }

    /// A cache that is being connected to; the addresses are what answers name as unreachable until then.
    pub fn connecting(addresses: impl IntoIterator<Item = String>) -> Self {
        let addresses: Arc<str> = addresses.into_iter().collect::<Vec<_>>().join(", ").into();
        let waiting = CacheError::Unavailable {
            node: addresses.as_ref().to_owned(),
            reason: "no connection was made yet".to_owned(),
        };
        Self::with(State::Waiting(waiting), addresses)
    }

    fn with(state: State, addresses: Arc<str>) -> Self {
        let hub = Arc::new(Hub::new());
        let news = Arc::new(News::new(Arc::clone(&hub)));
        Self { state: Arc::new(watch::Sender::new(state)), addresses, hub, news }
    }

    /// The near-caches that hear of changes through this handle.
    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// What changed of late.
    pub(crate) fn news(&self) -> &News {
        &self.news
    }

    /// Tells the near-caches of this process that a key changed.
    pub(crate) fn forget_here(&self, key: &[u8]) {
        self.hub.invalidate(key);
    }

    /// How late the news of changes comes. Nothing is measured where changes are told without a way in between, as by
    /// the embedded cache.
    pub fn tracking_counters(&self) -> TrackingCounters {
        self.hub.tracking_counters()
    }

    /// The connection was made. From now on the cache tells the near-caches of this handle which keys change.
    pub fn attach(&self, cache: Cache) {
        match &cache {
            Cache::Valkey(valkey) => valkey.track(Arc::clone(&self.hub)),
            Cache::Embedded(embedded) => embedded.track(&self.hub),
            #[cfg(feature = "mock")]
            Cache::Mock(_) => {}
        }
        self.state.send_replace(State::Connected(cache));
    }

    /// An attempt to connect failed. Changes nothing once there is a connection.
    pub fn failed(&self, error: CacheError) {
        self.state.send_if_modified(|state| match state {
            State::Waiting(newest) => {
                *newest = error;
                true
            }
            State::Connected(_) => false,
        });
    }

    /// The cache; until there is a connection, why there is none.
    pub fn current(&self) -> Result<Cache, CacheError> {
        match &*self.state.borrow() {
            State::Waiting(error) => Err(error.clone()),
            State::Connected(cache) => Ok(cache.clone()),
        }
    }

    /// The configured addresses, for messages.
    pub fn addresses(&self) -> &str {
        &self.addresses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tells_the_newest_reason_until_it_is_connected() {
        let handle = CacheHandle::connecting(["a:1".to_owned(), "b:2".to_owned()]);
        assert_eq!(handle.current().err().unwrap().node(), Some("a:1, b:2"));
        let refused = CacheError::Interrupted { node: "a:1".to_owned() };
        handle.failed(refused.clone());
        assert_eq!(handle.current().err(), Some(refused.clone()));
        handle.attach(Cache::embedded());
        handle.failed(refused);
        assert!(handle.current().is_ok());
    }
}
