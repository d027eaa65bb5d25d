//! PostgreSQL in bodies.

use domain::{Invalid, PORTS, Postgresql, field_path};
use serde::{Deserialize, Serialize};
use tenancy::Given;
use utoipa::ToSchema;

use super::SecretString;
use crate::whole_number::WholeNumber;

/// Where PostgreSQL is.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PostgresqlBody {
    #[schema(example = "pg-1.int")]
    host: String,
    #[schema(value_type = u16, minimum = 1, maximum = 65535, example = 5432)]
    port: WholeNumber,
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
    /// Given, and shown in connections only; no other answer has it.
    #[serde(default, skip_serializing_if = "SecretString::is_hidden", serialize_with = "SecretString::hide")]
    #[schema(write_only, value_type = Option<String>, example = "s3cret")]
    password: Option<SecretString>,
}

impl PostgresqlBody {
    /// What is given; numbers that are none of it are noted below `field`.
    pub(super) fn given(self, field: &str, invalid: &mut Invalid) -> Given<Postgresql> {
        let body = self;
        Given {
            settings: Postgresql {
                host: body.host,
                port: body.port.noted(&PORTS, field_path(field, "port"), invalid),
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
            port: settings.port.into(),
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
