//! MongoDB in bodies.

use domain::Mongodb;
use serde::{Deserialize, Serialize};
use tenancy::Given;
use utoipa::ToSchema;

use super::SecretString;

/// Where MongoDB is.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct MongodbBody {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    /// Not needed beside a URI.
    host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    /// Not needed beside a URI.
    port: Option<u16>,
    #[schema(example = "bb_onb")]
    database: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    auth_source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    direct_connection: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    max_pool_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    tls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[serde(rename = "tlsCAFile")]
    tls_ca_file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    tls_cert_file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    tls_key_file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    tls_skip_verify: Option<bool>,
    /// Only given and in connections; the administration never shows it.
    #[serde(skip_serializing, default)]
    password: Option<SecretString>,
    /// In place of host and port. Only given and in connections; the administration never shows it.
    #[serde(skip_serializing, default)]
    uri: Option<SecretString>,
}

impl From<MongodbBody> for Given<Mongodb> {
    fn from(body: MongodbBody) -> Self {
        Self {
            settings: Mongodb {
                host: body.host,
                port: body.port,
                database: body.database,
                username: body.username,
                auth_source: body.auth_source,
                direct_connection: body.direct_connection,
                max_pool_size: body.max_pool_size,
                tls: body.tls,
                tls_ca_file: body.tls_ca_file,
                tls_cert_file: body.tls_cert_file,
                tls_key_file: body.tls_key_file,
                tls_skip_verify: body.tls_skip_verify,
            },
            password: body.password.map(|password| password.0),
            uri: body.uri.map(|uri| uri.0),
        }
    }
}

impl From<&Mongodb> for MongodbBody {
    fn from(settings: &Mongodb) -> Self {
        let settings = settings.clone();
        Self {
            host: settings.host,
            port: settings.port,
            database: settings.database,
            username: settings.username,
            auth_source: settings.auth_source,
            direct_connection: settings.direct_connection,
            max_pool_size: settings.max_pool_size,
            tls: settings.tls,
            tls_ca_file: settings.tls_ca_file,
            tls_cert_file: settings.tls_cert_file,
            tls_key_file: settings.tls_key_file,
            tls_skip_verify: settings.tls_skip_verify,
            password: None,
            uri: None,
        }
    }
}
