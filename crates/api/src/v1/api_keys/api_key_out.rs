//! A key as callers see it.

use domain::{ApiKey, ServiceKey};
use serde::Serialize;
use tenancy::MadeKey;
use utoipa::ToSchema;

/// A key of a service. Its text is there once: when it is made, and when it is rotated.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApiKeyOut {
    /// Names the key in logs; part of its text.
    id: String,
    /// The text, which nobody can be told again.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[schema(example = "ledger pods")]
    name: String,
    #[schema(example = "ledger")]
    service: String,
    /// The environment whose tenants it sees.
    #[schema(example = "staging")]
    environment: &'static str,
    /// The rate limit that it is held to; that of the route where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<&'static str>,
    /// What it may do besides reading what is its service's.
    scopes: Vec<String>,
    created_by: String,
    #[schema(example = "2026-01-02T03:04:05Z")]
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
    /// Until when the text before the last rotation is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    former_key_until: Option<String>,
}

impl ApiKeyOut {
    /// Without its text.
    pub(super) fn of(key: &ServiceKey) -> Self {
        Self::with(key, None)
    }

    /// With its text.
    pub(super) fn of_made(made: &MadeKey) -> Self {
        Self::with(&made.key, Some(&made.text))
    }

    fn with(key: &ServiceKey, text: Option<&ApiKey>) -> Self {
        Self {
            id: key.id.clone(),
            key: text.map(|text| text.expose().to_owned()),
            name: key.name.to_string(),
            service: key.service.to_string(),
            environment: key.environment.name(),
            tier: key.tier.map(domain::RateTier::name),
            scopes: key.scopes.iter().map(ToString::to_string).collect(),
            created_by: key.created_by.clone(),
            created_at: key.created_at.to_string(),
            expires_at: key.expires_at.map(|time| time.to_string()),
            revoked_at: key.revoked_at.map(|time| time.to_string()),
            former_key_until: key.formers.last().map(|former| former.until.to_string()),
        }
    }
}
