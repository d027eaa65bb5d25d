//! A tenant as callers see it.

use std::collections::BTreeMap;

use domain::{IdSpelling, Tenant};
use serde::Serialize;
use utoipa::ToSchema;

/// A tenant. Slug and name are there under both of the names that clients know.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TenantOut {
    /// 32 hex digits for a UUID; with dashes where `DASHED_TENANT_IDS` is set.
    #[schema(example = "0f8fad5bd9cb469fa16570867728950e")]
    id: String,
    /// Unique among the tenants of an environment.
    #[schema(example = "blue-bank")]
    slug: String,
    tenant_slug: String,
    #[schema(example = "Blue Bank")]
    name: String,
    tenant_name: String,
    /// `staging` or `production`.
    #[schema(example = "staging")]
    environment: &'static str,
    /// `isolated` or `schema`: what associations get that are made without a mode.
    #[schema(example = "isolated")]
    isolation: &'static str,
    /// `active` or `suspended`; `deleted` only in the answer to a deletion.
    #[schema(example = "active")]
    status: &'static str,
    /// Texts by name.
    metadata: BTreeMap<String, String>,
    /// Left out for service keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<OwnerOut>,
    /// Raised by every change of the tenant or of anything below it.
    version: u64,
    #[schema(example = "2026-01-02T03:04:05Z")]
    created_at: String,
    #[schema(example = "2026-01-02T03:04:05Z")]
    updated_at: String,
}

/// The first user of a tenant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OwnerOut {
    #[schema(example = "ana@example.com")]
    email: String,
    email_verified: bool,
}

impl TenantOut {
    /// With its owner.
    pub(super) fn of(tenant: &Tenant, ids: IdSpelling) -> Self {
        let metadata = tenant.metadata.iter().map(|(name, text)| (name.to_owned(), text.to_owned()));
        Self {
            id: ids.of(&tenant.id),
            slug: tenant.slug.to_string(),
            tenant_slug: tenant.slug.to_string(),
            name: tenant.name.to_string(),
            tenant_name: tenant.name.to_string(),
            environment: tenant.environment.name(),
            isolation: tenant.isolation.name(),
            status: tenant.status.name(),
            metadata: metadata.collect(),
            owner: Some(OwnerOut {
                email: tenant.owner.email.as_str().to_owned(),
                email_verified: tenant.owner.email_verified,
            }),
            version: tenant.version,
            created_at: tenant.created_at.to_string(),
            updated_at: tenant.updated_at.to_string(),
        }
    }

    /// The same without its owner.
    pub(super) fn without_owner(self) -> Self {
        Self { owner: None, ..self }
    }
}
