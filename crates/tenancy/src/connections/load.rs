//! Connections from the store and the secrets backend.

use std::collections::HashMap;

use bytes::Bytes;
use domain::{
    Association, AssociationStatus, SecretReference, SecretStoreError, ServiceName, Tenant, TenantId,
    TenantStatus,
};
use futures::{StreamExt, TryStreamExt, stream};

use super::connection::{Connection, Outcome, Rendered};
use super::tenant_config::{OpenedSecret, TenantConfig};
use crate::fail_safe::{FailSafe, Places};
use crate::parts::Parts;
use crate::refusal::{KeptOut, Refusal};

/// Secrets of one tenant that are asked for at once.
const SECRETS_AT_ONCE: usize = 8;

/// The secrets of an association.
pub(super) struct Opened(HashMap<SecretReference, OpenedSecret>);

impl Opened {
    pub(super) fn secret(&self, reference: &SecretReference) -> Option<&OpenedSecret> {
        self.0.get(reference)
    }
}

/// What there is of the tenant and the service; `None` when there is nothing.
pub(super) async fn load(
    parts: &Parts,
    fail_safe: &FailSafe,
    tenant: &TenantId,
    service: &ServiceName,
) -> Result<Option<Connection>, Refusal> {
    let Some(tenant) = parts.tenants.tenant(tenant).await? else { return Ok(None) };
    fail_safe.learn_of(&tenant, service);
    let Some(association) = tenant.associations.get(service) else { return Ok(None) };
    let outcome = match kept_out(&tenant, association, service) {
        Some(kept_out) => Outcome::KeptOut(kept_out),
        None => Outcome::Config(rendered(parts, &tenant, service, association).await?),
    };
    let (environment, version) = (tenant.environment, tenant.version);
    let settings = tenant.settings.get(service).cloned().unwrap_or_default();
    let places = Places::of(association);
    Ok(Some(Connection { environment, version, places, settings, outcome }))
}

pub(crate) fn kept_out(tenant: &Tenant, association: &Association, service: &ServiceName) -> Option<KeptOut> {
    let service = service.clone();
    match (tenant.status, association.status) {
        (TenantStatus::Active, AssociationStatus::Active) => None,
        // What was purged stays so whatever becomes of the tenant.
        (_, status @ AssociationStatus::Purged) | (TenantStatus::Active, status) => {
            Some(KeptOut::Association { service, status })
        }
        (TenantStatus::Suspended | TenantStatus::Deleted, _) => Some(KeptOut::Tenant { service }),
    }
}

/// Never without one of the secrets: a module that is missing breaks a service without a word.
async fn rendered(
    parts: &Parts,
    tenant: &Tenant,
    service: &ServiceName,
    association: &Association,
) -> Result<Rendered, Refusal> {
    let references = association.modules.values().flat_map(|resources| resources.secrets());
    let references: Vec<SecretReference> = references.map(|(_, reference)| reference.clone()).collect();
    let opening = stream::iter(references).map(async |reference| {
        let text = parts.secrets.get(&reference).await?;
        // The error of a JSON reader may quote what it read.
        let secret = serde_json::from_str(text.expose()).map_err(|_| SecretStoreError::Unreadable {
            path: reference.path.clone(),
            source: "it is not of the form that was written".into(),
        })?;
        Ok::<_, SecretStoreError>((reference, secret))
    });
    let opened = Opened(opening.buffer_unordered(SECRETS_AT_ONCE).try_collect().await?);
    let config = TenantConfig::new(tenant, service, association, &opened);
    Ok(Rendered::new(Bytes::from(serde_json::to_vec(&config)?), tenant.version))
}
