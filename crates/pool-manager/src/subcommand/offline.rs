//! The use cases without a service: over the stores that are configured.

use std::sync::Arc;

use cache::{Cache, CacheHandle};
use domain::{Actor, CallerId, KeyBinding, SystemClock};
use tenancy::UseCases;

use crate::config::{Config, StoreConfig};
use crate::failure::Failure;
use crate::first_start;
use crate::record_store::{self, RecordStore};
use crate::secret_backend::SecretBackend;
use crate::wiring::{self, Settings};

/// Over the record store and the secrets that are configured, brought up to date.
pub(super) async fn use_cases(config: Config) -> Result<UseCases, Failure> {
    let clock = Arc::new(SystemClock);
    let data_dir = &config.deployment.data_dir;
    let store = RecordStore::up_to_date(&config.store, data_dir, clock.clone()).await?;
    let settings = Settings::of(&config);
    let ring = first_start::ring(config.secrets.encryption_keys, data_dir)?;
    let secrets = SecretBackend::of(&config.secrets.backend).await?.ports(&store.sealed_rows, &ring);
    let parts = wiring::parts(&store, secrets.store, clock, settings);
    // Replicas that run follow the store: nothing has to be told to a cache from here.
    let cache = CacheHandle::connected(Cache::embedded());
    Ok(UseCases::new(parts, cache, ring, config.tenancy.connections_ttl))
}

/// Whoever has a shell where the store can be reached: what he may do no key says.
pub(super) fn actor(caller: &str) -> Actor {
    Actor { caller: CallerId::from(caller), binding: KeyBinding::default(), address: None, request_id: None }
}

/// Refuses an embedded store that is not there: what only looks at records would else make an empty one, and find nothing.
pub(super) fn expect_records(config: &Config) -> Result<(), Failure> {
    let path = record_store::embedded_file(&config.deployment.data_dir);
    if matches!(config.store, StoreConfig::Embedded) && !path.exists() {
        return Err(Failure::NoRecords { path });
    }
    Ok(())
}
