//! PostgreSQL in bodies.

use domain::Postgresql;
use serde::{Deserialize, Serialize};
use tenancy::Given;
use utoipa::ToSchema;

use super::SecretString;

/// Where PostgreSQL is.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PostgresqlBody {
    #[schema(example = "pg-1.int")]
    host: String,
    #[schema(example = 5432)]
    port: u16,
    #[schema(example = "bb_onb")]
    database: String,
    #[schema(example = "bb")]
    username: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    /// Needed where the isolation mode is `schema`.
    schema: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    /// libpq's word, such as `require`.
    sslmode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    /// Path in the pod of the service.
    sslrootcert: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    /// Path in the pod of the service.
    sslcert: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    /// Path in the pod of the service.
    sslkey: Option<String>,
    /// Only given and in connections; the administration never shows it.
    #[serde(skip_serializing, default)]
    password: Option<SecretString>,
}

impl From<PostgresqlBody> for Given<Postgresql> {
    fn from(body: PostgresqlBody) -> Self {
        Self {
            settings: Postgresql {
                host: body.host,
                port: body.port,
                database: body.database,
                username: body.username,
                schema: body.schema,
                sslmode: body.sslmode,
                sslrootcert: body.sslrootcert,
                sslcert: body.sslcert,
                sslkey: body.sslkey,
            },
            password: body.password.map(|password| password.0),
            uri: None,
        }
    }
}

impl From<&Postgresql> for PostgresqlBody {
    fn from(settings: &Postgresql) -> Self {
        let settings = settings.clone();
        Self {
            host: settings.host,
            port: settings.port,
            database: settings.database,
            username: settings.username,
            schema: settings.schema,
            sslmode: settings.sslmode,
            sslrootcert: settings.sslrootcert,
            sslcert: settings.sslcert,
            sslkey: settings.sslkey,
            password: None,
        }
    }
}
