//! What the service is given besides its configuration.

use std::sync::Arc;

use api::MoreRoutes;
use domain::{
    ApiKey, ApiKeyHash, ApiKeyRecord, ApiKeySource, CallerId, Clock, KeyBinding, MemoryApiKeys, Scope, Scopes,
};

use crate::config::Config;
use crate::failure::Failure;
use crate::first_start;
use crate::key_sources::KeySources;
use crate::record_store::RecordStore;
use crate::secret_backend::SecretBackend;

/// What the service is given besides its configuration: [`build`](crate::build) takes the product's, whole-service tests
/// bring a key source that they can slow down and kill, and a read and a write of their own.
pub struct Ports {
    /// Where records are kept.
    pub store: RecordStore,
    /// Where secrets are kept.
    pub secrets: SecretBackend,
    /// Where API keys are registered.
    pub api_keys: Arc<dyn ApiKeySource>,
    /// Routes beside those of the service.
    pub routes: MoreRoutes,
}

impl Ports {
    /// Those of the product: the one key that is configured, or made at first start, and all that the store has.
    pub async fn of(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        let deployment = &config.deployment;
        let record = match &config.auth.bootstrap_key {
            Some(key) => bootstrap_record(key),
            None => bootstrap_record(&first_start::api_key(&deployment.data_dir, deployment.environment)?),
        };
        let store = RecordStore::of(&config.store, &deployment.data_dir, clock).await?;
        let stored: Arc<dyn ApiKeySource> = store.api_keys.clone();
        let api_keys = Arc::new(KeySources { known: MemoryApiKeys::new([record]), stored });
        let secrets = SecretBackend::of(&config.secrets.backend).await?;
        Ok(Self { store, secrets, api_keys, routes: MoreRoutes::default() })
    }
}

/// The first operator's key may do everything that there is to do, in every environment.
fn bootstrap_record(key: &ApiKey) -> ApiKeyRecord {
    ApiKeyRecord {
        id: CallerId::from(CallerId::BOOTSTRAP),
        hash: ApiKeyHash::of(key),
        name: CallerId::BOOTSTRAP.to_owned(),
        binding: KeyBinding::default(),
        scopes: Scopes::from_iter(Scope::EVERYTHING),
        rate_tier: None,
        version: 1,
        expires_at: None,
    }
}
