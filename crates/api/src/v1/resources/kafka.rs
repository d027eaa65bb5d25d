//! Kafka in bodies.

use domain::Kafka;
use serde::{Deserialize, Serialize};
use tenancy::Given;
use utoipa::ToSchema;

use super::SecretString;

/// Where Kafka is.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct KafkaBody {
    #[schema(example = json!(["kafka-1.int:9096"]))]
    brokers: Vec<String>,
    #[schema(example = "bb")]
    username: String,
    #[schema(example = "SCRAM-SHA-512")]
    mechanism: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    /// Without it clients follow their own setting.
    tls: Option<bool>,
    /// Given, and shown in connections only; no other answer has it.
    #[serde(default, skip_serializing_if = "SecretString::is_hidden", serialize_with = "SecretString::hide")]
    #[schema(write_only, value_type = Option<String>, example = "s3cret")]
    password: Option<SecretString>,
}

impl KafkaBody {
    /// What is given.
    pub(super) fn given(self) -> Given<Kafka> {
        let body = self;
        Given {
            settings: Kafka {
                brokers: body.brokers,
                username: body.username,
                mechanism: body.mechanism,
                tls: body.tls,
            },
            password: body.password.map(|password| password.0),
            uri: None,
        }
    }
}

impl From<&Kafka> for KafkaBody {
    fn from(settings: &Kafka) -> Self {
        let settings = settings.clone();
        Self {
            brokers: settings.brokers,
            username: settings.username,
            mechanism: settings.mechanism,
            tls: settings.tls,
            password: None,
        }
    }
}
