//! A key as callers see it.

use domain::{ApiKey, ApiKeyEntry, Environment, IdSpelling, Timestamp};
use serde::Serialize;
use tenancy::{ApiKeyView, MadeKey};
use utoipa::ToSchema;

/// A key of a service, or of none. Its text is there once: when it is made, and when it is rotated.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyOut {
    /// Names the key in logs; part of its text.
    id: String,
    /// The text, which nobody can be told again.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[schema(example = "ledger pods")]
    name: String,
    /// The service that calls with it; not there for the key of an operator or of another program.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ledger")]
    service: Option<String>,
    /// The environment whose tenants it sees; both where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "staging")]
    environment: Option<&'static str>,
    /// The one tenant that it sees; all of its environment where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "0f8fad5bd9cb469fa16570867728950e")]
    tenant_id: Option<String>,
    /// The rate limit that it is held to; that of the route where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<&'static str>,
    /// What it may do besides reading what is its service's.
    scopes: Vec<String>,
    created_by: String,
    #[schema(example = "2026-01-02T03:04:05Z")]
    created_at: String,
    /// When it was used last, noted every minute; not there in answers to changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
    /// Why, where somebody said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "leaked in a log")]
    revocation_reason: Option<String>,
    /// Until when the text before the last rotation is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    former_key_until: Option<String>,
}

impl ApiKeyOut {
    /// As it is found.
    pub fn of(view: &ApiKeyView, ids: IdSpelling) -> Self {
        Self::with(&view.key, None, view.last_used_at, ids)
    }

    /// As it was changed.
    pub fn of_changed(key: &ApiKeyEntry, ids: IdSpelling) -> Self {
        Self::with(key, None, None, ids)
    }

    /// With its text.
    pub fn of_made(made: &MadeKey, ids: IdSpelling) -> Self {
        Self::with(&made.key, Some(&made.text), None, ids)
    }

    fn with(
        key: &ApiKeyEntry,
        text: Option<&ApiKey>,
        last_used_at: Option<Timestamp>,
        ids: IdSpelling,
    ) -> Self {
        let time = |time: Timestamp| time.to_string();
        Self {
            id: key.id.clone(),
            key: text.map(|text| text.expose().to_owned()),
            name: key.name.to_string(),
            service: key.binding.service.as_ref().map(ToString::to_string),
            environment: key.binding.environment.map(Environment::name),
            tenant_id: key.binding.tenant.as_ref().map(|tenant| ids.of(tenant)),
            tier: key.tier.map(domain::RateTier::name),
            scopes: key.scopes.iter().map(ToString::to_string).collect(),
            created_by: key.created_by.clone(),
            created_at: key.created_at.to_string(),
            last_used_at: last_used_at.map(time),
            expires_at: key.expires_at.map(time),
            revoked_at: key.revoked_at.map(time),
            revocation_reason: key.revocation_reason.as_ref().map(ToString::to_string),
            former_key_until: key.formers.last().map(|former| former.until.to_string()),
        }
    }
}
