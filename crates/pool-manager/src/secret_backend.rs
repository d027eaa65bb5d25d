//! The secrets backend that is configured.

use std::sync::Arc;

use domain::{SealedRows, SecretStore, StoreHealth};
use seal::KeyRing;
use secrets::{AwsSecrets, EmbeddedSecrets, Resealing};

use crate::config::SecretsBackend;
use crate::failure::Failure;

/// The secrets backend that is configured. Cheap to clone.
#[derive(Debug, Clone)]
pub enum SecretBackend {
    /// Sealed rows of the record store.
    Embedded,
    /// AWS Secrets Manager.
    Aws(AwsSecrets),
}

/// The backend as those have it who use it.
pub(crate) struct SecretPorts {
    /// Where secrets are kept.
    pub(crate) store: Arc<dyn SecretStore>,
    /// What seals them anew when the key changes, where they are sealed here.
    pub(crate) resealing: Option<Resealing>,
    /// Whether it answers; nothing where it is part of the record store.
    pub(crate) health: Option<Arc<dyn StoreHealth>>,
}

impl SecretBackend {
    /// As configured. It is asked for nothing yet.
    pub async fn of(config: &SecretsBackend) -> Result<Self, Failure> {
        match config {
            SecretsBackend::Embedded => Ok(Self::Embedded),
            SecretsBackend::Aws(config) => {
                AwsSecrets::connect(config.clone()).await.map(Self::Aws).map_err(Failure::Secrets)
            }
        }
    }

    pub(crate) fn ports(&self, rows: &Arc<dyn SealedRows>, ring: &KeyRing) -> SecretPorts {
        match self {
            Self::Embedded => {
                let secrets = EmbeddedSecrets::new(Arc::clone(rows), ring.clone());
                let resealing = Some(Resealing::new(secrets.clone()));
                SecretPorts { store: Arc::new(secrets), resealing, health: None }
            }
            Self::Aws(secrets) => SecretPorts {
                store: Arc::new(secrets.clone()),
                resealing: None,
                health: Some(Arc::new(secrets.clone())),
            },
        }
    }
}
