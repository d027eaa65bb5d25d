//! How to reach the server.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mongodb::options::HostInfo;

use super::ConnectError;
use super::connection::parsed;

/// Is told of each command before it is sent: see [`MongoSettings::on_command`].
pub type OnCommand = Arc<dyn Fn(&[String]) + Send + Sync>;

/// How to reach the server, and how long to wait for it.
#[derive(Clone)]
pub struct MongoSettings {
    /// `mongodb://` or `mongodb+srv://`, with the credentials.
    pub uri: String,
    /// The database that holds the records.
    pub database: String,
    /// The authority to trust, in PEM, and no other; TLS is spoken then, whatever the URI says. Without it the URI says
    /// whether TLS is spoken, and the public authorities are trusted.
    pub ca_certificate_pem: Option<String>,
    /// Whether the driver sends a write again whose answer it missed. DocumentDB refuses such writes.
    pub retry_writes: bool,
    /// The longest that one call to the server may take, finding the server included.
    pub operation_time: Duration,
    /// The most connections to one server.
    pub pool_size: u32,
    /// Is told the words of every command that is sent, without its values: its name, its options as `find.sort`, the
    /// operators in it as `$set`, the options of an index as `index.unique`. So a test sees what a server must know.
    pub on_command: Option<OnCommand>,
}

impl MongoSettings {
    /// The defaults: no repeated writes, 2.5 s for a call, 20 connections.
    pub fn new(uri: impl Into<String>, database: impl Into<String>) -> Self {
        Self {
            uri: uri.into(),
            database: database.into(),
            ca_certificate_pem: None,
            retry_writes: false,
            operation_time: Duration::from_millis(2_500),
            pool_size: 20,
            on_command: None,
        }
    }

    /// The servers that the URI names, or the name that stands for them, without the credentials: for logs.
    pub fn hosts(&self) -> Result<String, ConnectError> {
        match parsed(&self.uri)?.host_info {
            HostInfo::HostIdentifiers(hosts) => {
                Ok(hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
            }
            HostInfo::DnsRecord(name) => Ok(name),
            _ => Err(ConnectError::Uri),
        }
    }

    /// Whether the names of the servers have to be asked for.
    pub(super) fn is_to_be_looked_up(&self) -> bool {
        self.uri.starts_with("mongodb+srv://")
    }
}

impl fmt::Debug for MongoSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MongoSettings")
            .field("uri", &"redacted")
            .field("database", &self.database)
            .field("ca_certificate_pem", &self.ca_certificate_pem.is_some())
            .field("retry_writes", &self.retry_writes)
            .field("operation_time", &self.operation_time)
            .field("pool_size", &self.pool_size)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uri_is_not_shown() {
        let settings = MongoSettings::new("mongodb://ana:hunter2@db/", "records");
        let shown = format!("{settings:?}");
        assert!(!shown.contains("hunter2") && shown.contains("records"), "{shown}");
    }

    #[test]
    fn hosts_are_shown_without_the_credentials() {
        let hosts = |uri: &str| MongoSettings::new(uri, "records").hosts();
        let several = hosts("mongodb://ana:hunter2@one,two:1/?replicaSet=a");
        assert_eq!(several.unwrap(), "one:27017,two:1");
        assert_eq!(hosts("mongodb+srv://ana:hunter2@db.example.com/").unwrap(), "db.example.com");
        let refused = hosts("mongodb://ana:hunter2@/?x").unwrap_err();
        assert!(!format!("{refused:?}").contains("hunter2"));
    }
}
