//! Settings as callers see them.

use std::collections::BTreeMap;

use domain::{ServiceName, ServiceSettings};
use serde::Serialize;
use utoipa::ToSchema;

/// The settings of a tenant for a service.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SettingsOut {
    #[schema(example = "ledger")]
    service: String,
    /// How often they were replaced.
    version: u64,
    /// Texts by name.
    values: BTreeMap<String, String>,
}

impl SettingsOut {
    pub(super) fn of(service: &ServiceName, settings: &ServiceSettings) -> Self {
        let values = settings.values.iter().map(|(name, text)| (name.to_owned(), text.to_owned()));
        Self { service: service.to_string(), version: settings.version, values: values.collect() }
    }
}
