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
    username: String,
    #[schema(example = "SCRAM-SHA-512")]
    mechanism: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    /// Without it clients follow their own setting.
    tls: Option<bool>,
    /// Only given and in connections; the administration never shows it.
    #[serde(skip_serializing, default)]
    password: Option<SecretString>,
}

impl From<KafkaBody> for Given<Kafka> {
    fn from(body: KafkaBody) -> Self {
        Self {
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
