//! What is answered to a service that asks for its connections.

use bytes::Bytes;
use domain::{AssociationStatus, Environment, IdSpelling, ServiceName, ServiceSettings, TenantId};
use serde::{Deserialize, Serialize};

use crate::fail_safe::Places;
use crate::refusal::KeptOut;

/// What is known of a tenant's connections to a service, ready to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Where the tenant belongs.
    pub environment: Environment,
    /// The version of the tenant that this was made of.
    pub version: u64,
    /// What it leads to; `None` where that cannot be told.
    pub(crate) places: Option<Places>,
    /// What the service is told of the tenant besides: it is asked for as often.
    pub settings: ServiceSettings,
    /// The answer.
    pub outcome: Outcome,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The connections.
    Config(Rendered),
    /// The tenant, or its association, is kept out.
    KeptOut(KeptOut),
}

/// Connections as JSON. `Debug` shows nothing of the text: it holds passwords.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The JSON.
    pub body: Bytes,
    /// Its entity tag (RFC 9110, 8.8.3). Made of the version and not of the text, of which it must tell nothing.
    pub etag: Bytes,
}

impl Rendered {
    /// A text that was made of this version of the tenant, with its id in the canonical spelling.
    pub(crate) fn new(body: Bytes, version: u64) -> Self {
        Self { body, etag: format!("\"{version}\"").into() }
    }

    /// The same with the id as answers have it. Replicas that spell it in different ways may share what is kept: there it is
    /// canonical. What clients keep is another text then, so it has another tag.
    fn with_id(self, tenant: &TenantId, ids: IdSpelling) -> Self {
        let id = ids.of(tenant);
        let canonical = opening(&tenant.to_string());
        match self.body.strip_prefix(canonical.as_bytes()) {
            Some(rest) if id != tenant.to_string() => {
                let body = [opening(&id).as_bytes(), rest].concat().into();
                let version = String::from_utf8_lossy(&self.etag);
                Self { body, etag: format!("{}-dashed\"", version.trim_end_matches('"')).into() }
            }
            _ => self,
        }
    }
}

impl std::fmt::Debug for Rendered {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Rendered").field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// How the text begins; no id has a letter that JSON escapes.
fn opening(id: &str) -> String {
    format!("{{\"id\":\"{id}\"")
}

impl Connection {
    /// The same with the tenant's id as answers have it.
    pub(super) fn with_id(self, tenant: &TenantId, ids: IdSpelling) -> Self {
        let outcome = match self.outcome {
            Outcome::Config(rendered) => Outcome::Config(rendered.with_id(tenant, ids)),
            kept_out @ Outcome::KeptOut(_) => kept_out,
        };
        Self { outcome, ..self }
    }

    /// What it takes in memory, about.
    pub(crate) fn bytes(&self) -> usize {
        const OVERHEAD: usize = 160;
        let settings =
            self.settings.values.iter().map(|(name, value)| 2 * OVERHEAD + name.len() + value.len());
        let settings: usize = settings.sum();
        match &self.outcome {
            Outcome::Config(rendered) => OVERHEAD + settings + rendered.body.len(),
            Outcome::KeptOut(_) => OVERHEAD + settings,
        }
    }
}

/// [`KeptOut`] as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StoredKeptOut {
    Tenant,
    Suspended,
    Purged,
}

impl StoredKeptOut {
    pub(crate) fn of(kept_out: &KeptOut) -> Self {
        match kept_out {
            KeptOut::Tenant { .. } => Self::Tenant,
            KeptOut::Association { status: AssociationStatus::Purged, .. } => Self::Purged,
            KeptOut::Association { .. } => Self::Suspended,
        }
    }

    pub(crate) fn into_kept_out(self, service: &ServiceName) -> KeptOut {
        let service = service.clone();
        match self {
            Self::Tenant => KeptOut::Tenant { service },
            Self::Suspended => KeptOut::Association { service, status: AssociationStatus::Suspended },
            Self::Purged => KeptOut::Association { service, status: AssociationStatus::Purged },
        }
    }
}
