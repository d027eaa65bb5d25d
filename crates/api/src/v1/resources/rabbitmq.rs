//! RabbitMQ in bodies.

use domain::{Invalid, PORTS, Rabbitmq, field_path};
use serde::{Deserialize, Serialize};
use tenancy::Given;
use utoipa::ToSchema;

use super::SecretString;
use crate::whole_number::WholeNumber;

/// Where RabbitMQ is.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RabbitmqBody {
    #[schema(example = "mq.int")]
    host: String,
    #[schema(value_type = u16, minimum = 1, maximum = 65535, example = 5671)]
    port: WholeNumber,
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
    /// Given, and shown in connections only; no other answer has it.
    #[serde(default, skip_serializing_if = "SecretString::is_hidden", serialize_with = "SecretString::hide")]
    #[schema(write_only, value_type = Option<String>, example = "s3cret")]
    password: Option<SecretString>,
}

impl RabbitmqBody {
    /// What is given; numbers that are none of it are noted below `field`.
    pub(super) fn given(self, field: &str, invalid: &mut Invalid) -> Given<Rabbitmq> {
        let body = self;
        Given {
            settings: Rabbitmq {
                host: body.host,
                port: body.port.noted(&PORTS, field_path(field, "port"), invalid),
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
            port: settings.port.into(),
            vhost: settings.vhost,
            username: settings.username,
            tls: settings.tls,
            tls_ca_file: settings.tls_ca_file,
            password: None,
        }
    }
}
