//! What the use cases work with.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::{
    ApiKeyStore, ApiKeyUses, AuditLog, CatalogueStore, ChangeFeed, Clock, EventLog, HostRules, IdSpelling,
    LeaseStore, SecretStore, SecretVersion, SecretWrites, TenantStore, Timestamp,
};
use uuid::Uuid;

/// Ports and the sources of time and chance. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Parts {
    /// Where tenants are kept.
    pub tenants: Arc<dyn TenantStore>,
    /// Where the catalogue is kept.
    pub catalogue: Arc<dyn CatalogueStore>,
    /// Where keys are kept.
    pub api_keys: Arc<dyn ApiKeyStore>,
    /// Where it is kept when they were used.
    pub api_key_uses: Arc<dyn ApiKeyUses>,
    /// Tells of changes that others make.
    pub changes: Arc<dyn ChangeFeed>,
    /// What services were told.
    pub events: Arc<dyn EventLog>,
    /// Who did what.
    pub audit: Arc<dyn AuditLog>,
    /// Where secrets are kept.
    pub secrets: Arc<dyn SecretStore>,
    /// Which of their versions have to be looked at once more.
    pub secret_writes: Arc<dyn SecretWrites>,
    /// Who does what only one replica does at a time.
    pub leases: Arc<dyn LeaseStore>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Random,
    /// How ids of tenants are written in answers; events and records have the canonical one.
    pub tenant_ids: IdSpelling,
    /// How they are written in the paths of credentials' secrets: readers put in what they have.
    pub credential_ids: BTreeSet<IdSpelling>,
    /// Which hosts may be written down for others.
    pub hosts: HostRules,
}

/// Where new ids and keys come from.
#[derive(Clone, Copy)]
pub struct Random {
    /// A new id.
    pub uuid: fn() -> Uuid,
    /// Fills a buffer from a source fit for keys; fails when the system has none.
    pub fill: fn(&mut [u8]) -> Result<(), NoRandomness>,
}

/// The system gives no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct NoRandomness;

impl Parts {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now().into()
    }

    pub(crate) fn uuid(&self) -> Uuid {
        (self.random.uuid)()
    }

    pub(crate) fn secret_version(&self) -> SecretVersion {
        SecretVersion::new(self.uuid())
    }
}
