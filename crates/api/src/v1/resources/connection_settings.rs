//! Limits of pools in bodies.

use domain::{ConnectionSettings, Invalid, field_path};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::whole_number::WholeNumber;

/// Limits of the pool that a service keeps for a tenant.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ConnectionSettingsBody {
    /// 0 leaves it to the client.
    #[serde(default)]
    #[schema(value_type = u32, maximum = 10000, example = 40)]
    max_open_conns: WholeNumber,
    /// 0 leaves it to the client.
    #[serde(default)]
    #[schema(value_type = u32, maximum = 10000, example = 8)]
    max_idle_conns: WholeNumber,
    /// A number and `us`, `ms`, `s`, `min`, `h` or `d`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(example = "30s")]
    statement_timeout: Option<String>,
}

impl ConnectionSettingsBody {
    /// What is given; numbers that are none of it are noted below `field`.
    pub(crate) fn given(self, field: &str, invalid: &mut Invalid) -> ConnectionSettings {
        ConnectionSettings {
            max_open_conns: connections(self.max_open_conns, &field_path(field, "maxOpenConns"), invalid),
            max_idle_conns: connections(self.max_idle_conns, &field_path(field, "maxIdleConns"), invalid),
            statement_timeout: self.statement_timeout,
        }
    }
}

/// A number of connections.
pub(crate) fn connections(number: WholeNumber, field: &str, invalid: &mut Invalid) -> u32 {
    number.noted(&ConnectionSettings::CONNECTIONS, field, invalid)
}

impl From<&ConnectionSettings> for ConnectionSettingsBody {
    fn from(settings: &ConnectionSettings) -> Self {
        let ConnectionSettings { max_open_conns, max_idle_conns, statement_timeout } = settings.clone();
        Self {
            max_open_conns: max_open_conns.into(),
            max_idle_conns: max_idle_conns.into(),
            statement_timeout,
        }
    }
}
