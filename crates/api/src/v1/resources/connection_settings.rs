//! Limits of pools in bodies.

use domain::ConnectionSettings;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Limits of the pool that a service keeps for a tenant.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ConnectionSettingsBody {
    /// 0 leaves it to the client.
    #[serde(default)]
    #[schema(example = 40)]
    max_open_conns: u32,
    /// 0 leaves it to the client.
    #[serde(default)]
    #[schema(example = 8)]
    max_idle_conns: u32,
    /// A number and `us`, `ms`, `s`, `min`, `h` or `d`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(example = "30s")]
    statement_timeout: Option<String>,
}

impl From<ConnectionSettingsBody> for ConnectionSettings {
    fn from(body: ConnectionSettingsBody) -> Self {
        let ConnectionSettingsBody { max_open_conns, max_idle_conns, statement_timeout } = body;
        Self { max_open_conns, max_idle_conns, statement_timeout }
    }
}

impl From<&ConnectionSettings> for ConnectionSettingsBody {
    fn from(settings: &ConnectionSettings) -> Self {
        let ConnectionSettings { max_open_conns, max_idle_conns, statement_timeout } = settings.clone();
        Self { max_open_conns, max_idle_conns, statement_timeout }
    }
}
