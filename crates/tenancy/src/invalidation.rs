//! Makes everybody forget what was changed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cache::{CacheClient, CacheHandle, FoundRecord};
use domain::{Environment, ServiceKey, ServiceName, Tenant, TenantId};
use futures::StreamExt;
use futures::stream;

use crate::cache_keys;

/// Longer than any load may take that began before the change.
const TOMBSTONE_TTL: Duration = Duration::from_secs(60);
/// Keys announced at once.
const AT_ONCE: usize = 16;
/// Announcements that are kept to be repeated. Beyond it the oldest are dropped; followers of the store hear of them anyway.
const MAX_UNSENT: usize = 50_000;
const RETRY_PAUSE: Duration = Duration::from_millis(250);

/// Announces changes to the near-caches of this process and, by tombstones of the new version, to the shared cache and so to
/// every other process. What could not be sent is repeated until it is, and until then this process trusts nothing that
/// the shared cache has of it. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Invalidation {
    cache: CacheHandle,
    unsent: Arc<Mutex<HashMap<String, u64>>>,
}

/// A key and the version that its record has from now on.
type Announcement = (String, u64);

impl Invalidation {
    /// Through this cache.
    pub fn new(cache: CacheHandle) -> Self {
        Self { cache, unsent: Arc::default() }
    }

    /// A tenant changed, or anything below it.
    pub(crate) async fn tenant(&self, tenant: &Tenant) {
        let services = tenant.known_services.iter();
        self.announce(of_tenant(&tenant.id, tenant.environment, tenant.version, services)).await;
    }

    /// A key changed.
    pub(crate) async fn service_key(&self, key: &ServiceKey) {
        self.announce(key.hashes().map(|hash| (cache_keys::api_key(&hash), key.version)).collect()).await;
    }

    /// The version that the shared cache has not been told of yet; it must not be asked for the key.
    pub(crate) fn unsent(&self, key: &str) -> bool {
        let unsent = self.lock();
        !unsent.is_empty() && unsent.contains_key(key)
    }

    /// Returns when this process forgot, and the shared cache was told or did not answer.
    async fn announce(&self, announcements: Vec<Announcement>) {
        // Before the shared cache is told: should that fail, nobody may take from there what it still has.
        self.lock().extend(announcements.iter().cloned());
        self.send(announcements).await;
    }

    /// Another process made the change. It told the shared cache itself, unless it could not.
    pub(crate) async fn follow(&self, announcements: Vec<Announcement>) {
        let outdated = stream::iter(announcements).map(|(key, version)| async move {
            self.cache.forget_here(key.as_bytes());
            match self.cache.find_record(key.as_bytes()).await {
                FoundRecord::Record { version: standing, .. } if standing < version => Some((key, version)),
                FoundRecord::Record { .. } | FoundRecord::Missing | FoundRecord::Unknown(_) => None,
            }
        });
        let outdated = outdated.buffer_unordered(AT_ONCE).filter_map(async |found| found);
        let outdated: Vec<Announcement> = outdated.collect().await;
        if !outdated.is_empty() {
            self.announce(outdated).await;
        }
    }

    async fn send(&self, announcements: Vec<Announcement>) {
        let sending = stream::iter(announcements).map(|(key, version)| async move {
            let sent = match self.cache.current() {
                Ok(cache) => cache.invalidate(key.as_bytes(), version, TOMBSTONE_TTL).await,
                Err(error) => Err(error),
            };
            match sent {
                Ok(()) => self.settle(&key, version),
                Err(error) => tracing::debug!(%error, "a change was not announced yet"),
            }
            // After the shared cache, so that what is loaded from now on finds the tombstone there.
            self.cache.forget_here(key.as_bytes());
        });
        sending.buffer_unordered(AT_ONCE).collect::<()>().await;
    }

    /// It was sent; a newer one may have come meanwhile.
    fn settle(&self, key: &str, version: u64) {
        let mut unsent = self.lock();
        if unsent.get(key).is_some_and(|waiting| *waiting <= version) {
            unsent.remove(key);
        }
    }

    /// Repeats what could not be sent, for ever.
    pub async fn repeat(&self) {
        loop {
            tokio::time::sleep(RETRY_PAUSE).await;
            let waiting: Vec<Announcement> = {
                let mut unsent = self.lock();
                if unsent.len() > MAX_UNSENT {
                    let surplus = unsent.len() - MAX_UNSENT;
                    let dropped: Vec<String> = unsent.keys().take(surplus).cloned().collect();
                    unsent.retain(|key, _| !dropped.contains(key));
                    tracing::warn!(surplus, "announcements of changes were dropped");
                }
                unsent.iter().map(|(key, version)| (key.clone(), *version)).collect()
            };
            if !waiting.is_empty() {
                self.send(waiting).await;
            }
        }
    }

    /// How many announcements wait to be repeated.
    pub fn waiting(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        // Every change of the map is complete before anything that can panic.
        self.unsent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What may be kept of a tenant anywhere.
pub(crate) fn of_tenant<'a>(
    id: &TenantId,
    environment: Environment,
    version: u64,
    services: impl Iterator<Item = &'a ServiceName>,
) -> Vec<Announcement> {
    let keys = services.flat_map(|service| {
        [
            cache_keys::connections(id, service),
            cache_keys::active_tenants(Some(environment), service),
            cache_keys::active_tenants(None, service),
        ]
    });
    keys.map(|key| (key, version)).collect()
}
