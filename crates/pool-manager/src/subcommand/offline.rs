//! The use cases without a service: over the stores that are configured.

use std::sync::Arc;

use cache::{Cache, CacheHandle};
use domain::{Actor, CallerId, KeyBinding, SystemClock};
use tenancy::{Parts, UseCases};

use crate::config::Config;
use crate::failure::Failure;
use crate::record_store::RecordStore;
use crate::secret_backend::SecretBackend;
use crate::{first_start, wiring};

/// Over the record store and the secrets that are configured, brought up to date.
pub(super) async fn use_cases(config: Config) -> Result<UseCases, Failure> {
    let clock = Arc::new(SystemClock);
    let data_dir = &config.deployment.data_dir;
    let store = RecordStore::of(&config.store, data_dir, clock.clone()).await?;
    store.migrate().await?;
    let ring = match config.secrets.encryption_keys {
        Some(keys) => keys,
        None => first_start::encryption_keys(data_dir)?,
    };
    let secrets = SecretBackend::of(&config.secrets.backend).await?.ports(&store.sealed_rows, &ring);
    let hosts = config.deployment.mode.hosts();
    let parts = Parts { hosts, ..wiring::parts(&store, secrets.store, clock) };
    // Replicas that run follow the store: nothing has to be told to a cache from here.
    let cache = CacheHandle::connected(Cache::embedded());
    Ok(UseCases::new(parts, cache, ring, config.tenancy.connections_ttl))
}

/// Whoever has a shell where the store can be reached: what he may do no key says.
pub(super) fn actor(caller: &str) -> Actor {
    Actor { caller: CallerId::from(caller), binding: KeyBinding::default(), address: None, request_id: None }
}
