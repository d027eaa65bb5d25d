//! Why a use case did not do what it was asked for.

use domain::{
    ApiKeyTransition, AssociationStatus, AssociationTransition, BoxError, CommitError, CredentialName,
    Invalid, ModuleName, ResourceKind, Scope, SecretStoreError, ServiceName, Slug, StoreUnavailable,
    TenantId, TenantTransition,
};

use crate::parts::NoRandomness;

/// Why not. Nothing was changed, but where the store went away over a write.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such thing, or none that the caller may know of.
    #[error("{0}")]
    Missing(Missing),
    /// The state of things does not allow it.
    #[error("{0}")]
    Conflict(Conflict),
    /// What was wished makes no sense; all that is wrong with it.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The tenant, or its association with the service, is kept out.
    #[error("{0}")]
    KeptOut(KeptOut),
    /// The caller may do such things, and not this one.
    #[error("the scope {0} is needed")]
    NotGranted(Scope),
    /// The caller is bound too closely to do it, whatever its scopes.
    #[error("a caller that is bound to {0} may not do this")]
    Bound(&'static str),
    /// The write was committed under its idempotency key before: its answer is in the ledger.
    #[error("the write was committed before")]
    AlreadyCommitted,
    /// Too many others change the same record.
    #[error("the record is changed by too many at once")]
    Contended,
    /// The store gave no answer.
    #[error(transparent)]
    Store(#[from] StoreUnavailable),
    /// A secret could not be stored or read.
    #[error(transparent)]
    Secrets(#[from] SecretStoreError),
    /// The answer that repeats would get could not be sealed.
    #[error("the answer cannot be kept for repeats")]
    NotKept(#[source] BoxError),
    /// Keys cannot be made.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// A record or an answer could not be written as JSON.
    #[error("what was to be written cannot be")]
    Form(#[from] serde_json::Error),
}

impl Refusal {
    /// Whether something that was needed gave no answer.
    pub(crate) fn is_outage(&self) -> bool {
        matches!(self, Self::Store(_) | Self::Secrets(SecretStoreError::Unavailable(_)))
    }
}

/// What there is none of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// The tenant.
    #[error("there is no such tenant")]
    Tenant,
    /// The association.
    #[error("the tenant has no association with the service {0}")]
    Association(ServiceName),
    /// The service.
    #[error("the service {0} is not registered")]
    Service(ServiceName),
    /// The module.
    #[error("the service has no module {0}")]
    Module(ModuleName),
    /// The backing store.
    #[error("the module {module} has no {kind}")]
    Resource {
        /// Of which module.
        module: ModuleName,
        /// Which.
        kind: ResourceKind,
    },
    /// The credential.
    #[error("the tenant has no such credential")]
    Credential,
    /// The module, of an association; the service may have it.
    #[error("the association has nothing of the module {0}")]
    ModuleOfAssociation(ModuleName),
    /// The key.
    #[error("there is no such API key")]
    ApiKey,
}

/// What stands in the way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Another tenant has the slug.
    #[error("the slug {0} is already taken")]
    SlugTaken(Slug),
    /// The id of another tenant of the environment is the same without dashes, and so would be the paths of Kafka's secrets.
    #[error("the id is the same as that of the tenant {0} without dashes")]
    IdTaken(TenantId),
    /// The state of the tenant.
    #[error("{0}")]
    Tenant(TenantTransition),
    /// There is an association already.
    #[error("the association with the service {0} already exists")]
    Associated(ServiceName),
    /// The state of the association.
    #[error("{0}")]
    Association(AssociationTransition),
    /// The association was purged, and nothing was given in place of what it had.
    #[error("the association was purged: give its modules anew before it is reactivated")]
    NotProvided,
    /// Another service has the name.
    #[error("the service {0} is registered with other words: change it with PATCH")]
    ServiceDiffers(ServiceName),
    /// Tenants have the service.
    #[error("tenants are associated with the service {0}")]
    ServiceInUse(ServiceName),
    /// The key is registered for somebody else.
    #[error("the key is that of another service, environment or tenant")]
    KeyOfAnother,
    /// It has keys that are good yet.
    #[error("the service {0} has API keys: revoke them first")]
    ServiceHasKeys(ServiceName),
    /// There is a credential already.
    #[error("the credential {0} already exists")]
    CredentialExists(CredentialName),
    /// The state of the key.
    #[error("{0}")]
    ApiKey(ApiKeyTransition),
    /// The settings were replaced by somebody else meanwhile.
    #[error("the settings have version {actual}, not {expected}")]
    SettingsVersion {
        /// What the caller believed.
        expected: u64,
        /// What they have.
        actual: u64,
    },
}

/// Who is kept out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeptOut {
    /// All of the tenant.
    #[error("the tenant is suspended, and with it its service {service}")]
    Tenant {
        /// The service that was asked for.
        service: ServiceName,
    },
    /// One service of it.
    #[error("the service {service} is {status} for this tenant")]
    Association {
        /// Which.
        service: ServiceName,
        /// In which way.
        status: AssociationStatus,
    },
}

impl KeptOut {
    /// `suspended` or `purged`: what makes clients let go of the tenant.
    pub fn status(&self) -> AssociationStatus {
        match self {
            Self::Tenant { .. } => AssociationStatus::Suspended,
            Self::Association { status, .. } => *status,
        }
    }
}

impl From<Missing> for Refusal {
    fn from(missing: Missing) -> Self {
        Self::Missing(missing)
    }
}

impl From<Conflict> for Refusal {
    fn from(conflict: Conflict) -> Self {
        Self::Conflict(conflict)
    }
}

impl From<TenantTransition> for Refusal {
    fn from(transition: TenantTransition) -> Self {
        Self::Conflict(Conflict::Tenant(transition))
    }
}

impl From<AssociationTransition> for Refusal {
    fn from(transition: AssociationTransition) -> Self {
        Self::Conflict(Conflict::Association(transition))
    }
}

impl From<ApiKeyTransition> for Refusal {
    fn from(transition: ApiKeyTransition) -> Self {
        Self::Conflict(Conflict::ApiKey(transition))
    }
}

/// What a commit that is not tried again comes to.
pub(crate) fn of_commit(error: CommitError) -> Refusal {
    match error {
        CommitError::Stale | CommitError::Taken => Refusal::Contended,
        CommitError::AlreadyCommitted => Refusal::AlreadyCommitted,
        CommitError::Unavailable(source) => Refusal::Store(StoreUnavailable { source }),
    }
}
