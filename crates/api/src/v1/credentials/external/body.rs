//! Credentials for somebody else's service in bodies.

use std::collections::BTreeMap;

use serde::Deserialize;
use tenancy::ExternalSecret;
use utoipa::ToSchema;

use crate::v1::resources::SecretString;

/// Texts by name, at least one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(transparent)]
pub(super) struct ExternalIn(BTreeMap<String, SecretString>);

impl From<ExternalIn> for ExternalSecret {
    fn from(body: ExternalIn) -> Self {
        Self(body.0.into_iter().map(|(name, text)| (name, text.0)).collect())
    }
}
