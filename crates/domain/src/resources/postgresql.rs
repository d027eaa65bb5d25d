//! PostgreSQL.

use serde::{Deserialize, Serialize};

use super::check;
use crate::invalid::Invalid;
use crate::isolation::Isolation;

/// Where a PostgreSQL database is. The certificates are paths in the pod of the service that reads them, no texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Postgresql {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Name of the database.
    pub database: String,
    /// Who logs in.
    pub username: String,
    /// The schema of the tenant, where it has no database of its own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub schema: Option<String>,
    /// libpq's word; clients take `disable` when there is none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sslmode: Option<String>,
    /// Path of the authorities to trust.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sslrootcert: Option<String>,
    /// Path of the client's certificate.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sslcert: Option<String>,
    /// Path of the client's key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sslkey: Option<String>,
}

const SSL_MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

impl Postgresql {
    /// Notes what is wrong below `field`, also where it does not suit the isolation of the association.
    pub fn check(&self, isolation: Isolation, field: &str, invalid: &mut Invalid) {
        check::host(&self.host, field, invalid);
        check::port(self.port, field, invalid);
        check::text(&self.database, field, "database", invalid);
        check::text(&self.username, field, "username", invalid);
        let certificates =
            [("sslrootcert", &self.sslrootcert), ("sslcert", &self.sslcert), ("sslkey", &self.sslkey)];
        for (name, path) in certificates {
            check::optional(path.as_deref(), field, name, invalid);
        }
        match self.sslmode.as_deref() {
            Some(mode) if !SSL_MODES.contains(&mode) => invalid
                .add(format!("{field}.sslmode"), format_args!("must be one of {}", SSL_MODES.join(", "))),
            // Clients refuse it, and would fail when they connect.
            Some("disable") if certificates.iter().any(|(_, path)| path.is_some()) => {
                invalid.add(format!("{field}.sslmode"), "must not be disable beside a certificate");
            }
            _ => {}
        }
        match self.schema.as_deref() {
            None | Some("") if isolation == Isolation::Schema => {
                invalid.add(format!("{field}.schema"), "is needed where the isolation mode is schema");
            }
            Some(schema) if !is_schema_name(schema) => invalid.add(
                format!("{field}.schema"),
                "must be a letter or _ followed by letters, digits and _, 63 at most",
            ),
            _ => {}
        }
    }
}

fn is_schema_name(text: &str) -> bool {
    let is_first = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    text.len() <= 63
        && text.bytes().next().is_some_and(is_first)
        && text.bytes().all(|byte| is_first(byte) || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(change: impl FnOnce(&mut Postgresql), isolation: Isolation) -> Vec<String> {
        let mut settings = Postgresql {
            host: "pg-1.int".to_owned(),
            port: 5432,
            database: "bb".to_owned(),
            username: "bb".to_owned(),
            schema: None,
            sslmode: Some("require".to_owned()),
            sslrootcert: None,
            sslcert: None,
            sslkey: None,
        };
        change(&mut settings);
        let mut invalid = Invalid::default();
        settings.check(isolation, "postgresql", &mut invalid);
        invalid.problems().iter().map(|fault| fault.field.clone()).collect()
    }

    #[test]
    fn what_clients_would_refuse_is_refused() {
        assert!(faults(|_| {}, Isolation::Isolated).is_empty());
        assert_eq!(faults(|_| {}, Isolation::Schema), ["postgresql.schema"]);
        assert!(faults(|it| it.schema = Some("tenant_1".into()), Isolation::Schema).is_empty());
        for schema in ["1a", "a-b", "a b", &"a".repeat(64)] {
            let schema = Some(schema.to_owned());
            assert_eq!(faults(|it| it.schema = schema, Isolation::Isolated), ["postgresql.schema"]);
        }
        let disabled = |it: &mut Postgresql| {
            it.sslmode = Some("disable".into());
            it.sslrootcert = Some("/ca.pem".into());
        };
        assert_eq!(faults(disabled, Isolation::Isolated), ["postgresql.sslmode"]);
        assert_eq!(faults(|it| it.sslmode = Some("on".into()), Isolation::Isolated), ["postgresql.sslmode"]);
        let empty = |it: &mut Postgresql| {
            it.host = "http://pg".into();
            it.port = 0;
            it.database = String::new();
        };
        let fields = ["postgresql.host", "postgresql.port", "postgresql.database"];
        assert_eq!(faults(empty, Isolation::Isolated), fields);
    }
}
