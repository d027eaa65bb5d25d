//! Makes everybody forget what was changed.

use std::collections::BTreeMap;

use bytes::Bytes;
use cache::CacheHandle;
use domain::{Changed, cache_keys};
use futures::{StreamExt, stream};

/// Keys told of at once.
const AT_ONCE: usize = 16;
const FOLLOWED_AT_ONCE: usize = 64;

/// Announces changes of records under all the keys that anything may be kept of them. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Invalidation {
    cache: CacheHandle,
}

/// A key of the cache, and the version that its record has from now on: `None` where one key is for many records.
type Outdated = (String, Option<u64>);

impl Invalidation {
    /// Through this cache.
    pub(crate) fn new(cache: CacheHandle) -> Self {
        Self { cache }
    }

    /// This process made the change. Returns when it forgot, and the shared cache was told or gave no answer.
    pub(crate) async fn changed(&self, changed: &Changed) {
        let telling = stream::iter(outdated_by(changed))
            .map(|(key, version)| self.cache.announce(Bytes::from(key), version.unwrap_or_default()));
        telling.buffer_unordered(AT_ONCE).collect::<()>().await;
    }

    /// Other processes made these changes. They told the shared cache themselves, unless they could not. A key is looked at once
    /// for all of them, and many at a time: what stands in the shared cache may be doubted until this is over.
    pub(crate) async fn followed(&self, changes: &[Changed]) {
        let mut outdated = BTreeMap::new();
        for (key, version) in changes.iter().flat_map(outdated_by) {
            let newest = outdated.entry(key).or_insert(version);
            *newest = version.max(*newest);
        }
        let looking =
            stream::iter(outdated).map(|(key, version)| self.cache.outdate(Bytes::from(key), version));
        looking.buffer_unordered(FOLLOWED_AT_ONCE).collect::<()>().await;
    }
}

/// Under which keys anything may be kept that the change made old.
fn outdated_by(changed: &Changed) -> Vec<Outdated> {
    match changed {
        Changed::Tenant { id, environment, version, services } => {
            let keys = services.iter().flat_map(|service| {
                [
                    (cache_keys::tenant_connections(id, service), Some(*version)),
                    (cache_keys::active_tenants(Some(*environment), service), None),
                    (cache_keys::active_tenants(None, service), None),
                ]
            });
            keys.collect()
        }
        Changed::ApiKey { hashes, version, .. } => {
            hashes.iter().map(|hash| (cache_keys::api_key(hash), Some(*version))).collect()
        }
        // Nothing of it is kept anywhere.
        Changed::Catalogue => Vec::new(),
    }
}
