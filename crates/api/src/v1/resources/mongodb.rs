//! MongoDB in bodies.

use domain::{Invalid, Mongodb, PORTS, field_path};
use serde::{Deserialize, Serialize};
use tenancy::Given;
use utoipa::ToSchema;

use super::SecretString;
use crate::whole_number::WholeNumber;

/// Where MongoDB is.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct MongodbBody {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    /// Not needed beside a URI.
    host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    /// Not needed beside a URI.
    #[schema(value_type = Option<u16>, minimum = 1, maximum = 65535)]
    port: Option<WholeNumber>,
    #[schema(example = "bb_onb")]
    database: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    auth_source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    direct_connection: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(value_type = Option<u64>, maximum = 10000)]
    max_pool_size: Option<WholeNumber>,
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
    /// Given, and shown in connections only; no other answer has it.
    #[serde(default, skip_serializing_if = "SecretString::is_hidden", serialize_with = "SecretString::hide")]
    #[schema(write_only, value_type = Option<String>, example = "s3cret")]
    password: Option<SecretString>,
    /// In place of host and port. Given, and shown in connections only; no other answer has it.
    #[serde(default, skip_serializing_if = "SecretString::is_hidden", serialize_with = "SecretString::hide")]
    #[schema(write_only, value_type = Option<String>, example = "mongodb://bb:s3cret@doc-1.int/bb_onb")]
    uri: Option<SecretString>,
}

impl MongodbBody {
    /// What is given; numbers that are none of it are noted below `field`.
    pub(super) fn given(self, field: &str, invalid: &mut Invalid) -> Given<Mongodb> {
        let body = self;
        Given {
            settings: Mongodb {
                host: body.host,
                port: body.port.map(|port| port.noted(&PORTS, field_path(field, "port"), invalid)),
                database: body.database,
                username: body.username,
                auth_source: body.auth_source,
                direct_connection: body.direct_connection,
                max_pool_size: body
                    .max_pool_size
                    .map(|size| size.noted(&Mongodb::POOL_SIZES, field_path(field, "maxPoolSize"), invalid)),
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
            port: settings.port.map(Into::into),
            database: settings.database,
            username: settings.username,
            auth_source: settings.auth_source,
            direct_connection: settings.direct_connection,
            max_pool_size: settings.max_pool_size.map(Into::into),
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
