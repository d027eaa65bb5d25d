//! MongoDB and DocumentDB.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::check;
use crate::invalid::Invalid;

/// Where a MongoDB database is. A URI holds credentials, so it is kept with the password and not here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mongodb {
    /// Name or address; not needed beside a URI.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub host: Option<String>,
    /// TCP port; not needed beside a URI.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub port: Option<u16>,
    /// Name of the database.
    pub database: String,
    /// Who logs in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub username: Option<String>,
    /// The database that knows the user; clients take `admin` when there is none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub auth_source: Option<String>,
    /// Whether clients talk to this one node only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub direct_connection: Option<bool>,
    /// The most connections; clients take 100 when there is none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub max_pool_size: Option<u64>,
    /// TLS or not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tls: Option<bool>,
    /// Path, in the pod of the service, of the authorities to trust.
    #[serde(rename = "tlsCAFile", skip_serializing_if = "Option::is_none", default)]
    pub tls_ca_file: Option<String>,
    /// Path of the client's certificate.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tls_cert_file: Option<String>,
    /// Path of the client's key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tls_key_file: Option<String>,
    /// Whether clients take any certificate.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tls_skip_verify: Option<bool>,
}

impl Mongodb {
    /// How many connections a client may be told to keep.
    pub const POOL_SIZES: RangeInclusive<u64> = 0..=10_000;

    /// Notes what is wrong below `field`; `uri` is the one that is kept apart, if there is one.
    pub fn check(&self, uri: Option<&str>, field: &str, invalid: &mut Invalid) {
        check::text(&self.database, field, "database", invalid);
        match uri {
            Some(uri) => {
                let schemes = ["mongodb://", "mongodb+srv://"];
                if uri.len() > 2_048 || !schemes.iter().any(|scheme| uri.starts_with(scheme)) {
                    invalid.add(
                        format!("{field}.uri"),
                        "must begin with mongodb:// or mongodb+srv:// and have at most 2048 bytes",
                    );
                }
            }
            None if self.host.is_none() || self.port.is_none() => {
                invalid.add(format!("{field}.host"), "host and port are needed where there is no uri");
            }
            None => {}
        }
        if let Some(host) = &self.host {
            check::host(host, field, invalid);
        }
        if let Some(port) = self.port {
            check::port(port, field, invalid);
        }
        for (name, text) in [
            ("username", &self.username),
            ("authSource", &self.auth_source),
            ("tlsCAFile", &self.tls_ca_file),
            ("tlsCertFile", &self.tls_cert_file),
            ("tlsKeyFile", &self.tls_key_file),
        ] {
            check::optional(text.as_deref(), field, name, invalid);
        }
        if let Some(size) = &self.max_pool_size {
            invalid.check_range(format!("{field}.maxPoolSize"), size, &Self::POOL_SIZES);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(json: &str, uri: Option<&str>) -> Vec<String> {
        let settings: Mongodb = serde_json::from_str(json).unwrap();
        let mut invalid = Invalid::default();
        settings.check(uri, "mongodb", &mut invalid);
        invalid.problems().iter().map(|fault| fault.field.clone()).collect()
    }

    #[test]
    fn there_is_a_uri_or_host_and_port() {
        assert!(faults(r#"{"database":"d","host":"h","port":27017}"#, None).is_empty());
        assert!(faults(r#"{"database":"d"}"#, Some("mongodb+srv://h/d")).is_empty());
        assert_eq!(faults(r#"{"database":"d","host":"h"}"#, None), ["mongodb.host"]);
        assert_eq!(faults(r#"{"database":"d"}"#, Some("http://h")), ["mongodb.uri"]);
    }

    #[test]
    fn the_names_are_those_that_clients_read() {
        let json = r#"{"database":"d","authSource":"a","tlsCAFile":"/ca","tlsSkipVerify":true}"#;
        let settings: Mongodb = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&settings).unwrap(), json);
    }
}
