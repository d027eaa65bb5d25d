//! An association as callers see it.

use std::collections::BTreeMap;

use serde::Serialize;
use tenancy::AssociationView;
use utoipa::ToSchema;

use crate::v1::resources::{ConnectionSettingsBody, ModuleBody};

/// What a tenant has of a service, without secrets.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AssociationOut {
    #[schema(example = "ledger")]
    service_name: String,
    /// `active`, `suspended` or `purged`.
    #[schema(example = "active")]
    status: &'static str,
    /// `isolated` or `schema`.
    #[schema(example = "isolated")]
    isolation_mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_settings: Option<ConnectionSettingsBody>,
    /// By module.
    modules: BTreeMap<String, ModuleBody>,
    #[schema(example = "2026-01-02T03:04:05Z")]
    created_at: String,
    #[schema(example = "2026-01-02T03:04:05Z")]
    updated_at: String,
}

impl AssociationOut {
    pub(super) fn of(view: &AssociationView) -> Self {
        let AssociationView { service, association } = view;
        let modules = association.modules.iter();
        Self {
            service_name: service.to_string(),
            status: association.status.name(),
            isolation_mode: association.isolation.name(),
            connection_settings: association.connection_settings.as_ref().map(Into::into),
            modules: modules.map(|(module, resources)| (module.to_string(), resources.into())).collect(),
            created_at: association.created_at.to_string(),
            updated_at: association.updated_at.to_string(),
        }
    }
}
