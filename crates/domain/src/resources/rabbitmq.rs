//! RabbitMQ.

use serde::{Deserialize, Serialize};

use super::check;
use crate::invalid::Invalid;

/// Where a virtual host of RabbitMQ is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rabbitmq {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Name of the virtual host, not encoded.
    pub vhost: String,
    /// Who logs in.
    pub username: String,
    /// TLS or not; without it clients follow their own setting, so `false` is not the same as nothing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tls: Option<bool>,
    /// Path, in the pod of the service, of the authorities to trust.
    #[serde(rename = "tlsCAFile", skip_serializing_if = "Option::is_none", default)]
    pub tls_ca_file: Option<String>,
}

impl Rabbitmq {
    /// Notes what is wrong below `field`.
    pub fn check(&self, field: &str, invalid: &mut Invalid) {
        check::host(&self.host, field, invalid);
        check::port(self.port, field, invalid);
        check::text(&self.vhost, field, "vhost", invalid);
        check::text(&self.username, field, "username", invalid);
        check::optional(self.tls_ca_file.as_deref(), field, "tlsCAFile", invalid);
    }
}
