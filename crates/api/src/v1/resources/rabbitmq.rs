//! RabbitMQ in bodies.

use domain::Rabbitmq;
use serde::{Deserialize, Serialize};
use tenancy::Given;
use utoipa::ToSchema;

use super::SecretString;

/// Where RabbitMQ is.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RabbitmqBody {
    #[schema(example = "mq.int")]
    host: String,
    #[schema(example = 5671)]
    port: u16,
    #[schema(example = "bb")]
    vhost: String,
    #[schema(example = "bb")]
    username: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    /// Without it clients follow their own setting.
    tls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[serde(rename = "tlsCAFile")]
    tls_ca_file: Option<String>,
    /// Only given and in connections; the administration never shows it.
    #[serde(skip_serializing, default)]
    password: Option<SecretString>,
}

impl From<RabbitmqBody> for Given<Rabbitmq> {
    fn from(body: RabbitmqBody) -> Self {
        Self {
            settings: Rabbitmq {
                host: body.host,
                port: body.port,
                vhost: body.vhost,
                username: body.username,
                tls: body.tls,
                tls_ca_file: body.tls_ca_file,
            },
            password: body.password.map(|password| password.0),
            uri: None,
        }
    }
}

impl From<&Rabbitmq> for RabbitmqBody {
    fn from(settings: &Rabbitmq) -> Self {
        let settings = settings.clone();
        Self {
            host: settings.host,
            port: settings.port,
            vhost: settings.vhost,
            username: settings.username,
            tls: settings.tls,
            tls_ca_file: settings.tls_ca_file,
            password: None,
        }
    }
}
