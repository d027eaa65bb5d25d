//! Settings of a tenant for a service.

use std::sync::Arc;

use domain::{AuditAction, ServiceName, ServiceSettings, Tenant, TenantId, TextMap, Timestamp};
use serde_json::json;

use crate::records::Records;
use crate::refusal::{Conflict, Missing, Refusal};
use crate::writing::{Story, Writing};

/// Replaces settings; they are read with the [connections](crate::Connections::find). Cheap to clone.
#[derive(Clone)]
pub struct Settings(Arc<Records>);

impl Settings {
    pub(crate) fn new(records: Arc<Records>) -> Self {
        Self(records)
    }

    /// Replaces all of them. `expected` is the version that the caller believes they have, if it cares.
    pub async fn put(
        &self,
        tenant: &TenantId,
        service: &ServiceName,
        values: TextMap,
        expected: Option<u64>,
        writing: Writing<'_, ServiceSettings>,
    ) -> Result<ServiceSettings, Refusal> {
        let edit = |tenant: &mut Tenant, _now: Timestamp| {
            if !tenant.associations.contains_key(service) {
                return Err(Missing::Association(service.clone()).into());
            }
            let former = tenant.settings.get(service).cloned().unwrap_or_default();
            if let Some(expected) = expected.filter(|expected| *expected != former.version) {
                return Err(Conflict::SettingsVersion { expected, actual: former.version }.into());
            }
            let next = ServiceSettings { version: former.version + 1, values: values.clone() };
            let mut story = Story::of(AuditAction::Update, format!("settings/{service}"));
            (story.before, story.after) = (Some(json!(former)), Some(json!(next)));
            tenant.settings.insert(service.clone(), next);
            Ok(Some(story))
        };
        let outcome = |tenant: &Tenant| tenant.settings.get(service).cloned().unwrap_or_default();
        self.0.edit_tenant(tenant, writing, edit, outcome).await
    }
}
