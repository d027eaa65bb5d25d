//! Kafka.

use serde::{Deserialize, Serialize};

use super::check;
use crate::invalid::Invalid;

/// Where a Kafka cluster is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kafka {
    /// `host:port` of one broker or more.
    pub brokers: Vec<String>,
    /// Who logs in.
    pub username: String,
    /// SASL mechanism, such as `SCRAM-SHA-512`.
    pub mechanism: String,
    /// TLS or not; without it clients follow their own setting, so `false` is not the same as nothing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tls: Option<bool>,
}

const MAX_BROKERS: usize = 64;

impl Kafka {
    /// Notes what is wrong below `field`.
    pub fn check(&self, field: &str, invalid: &mut Invalid) {
        if self.brokers.is_empty() || self.brokers.len() > MAX_BROKERS {
            invalid.add(format!("{field}.brokers"), format_args!("must have 1 to {MAX_BROKERS} entries"));
        }
        for (index, broker) in self.brokers.iter().take(MAX_BROKERS).enumerate() {
            // They are joined by commas where other programs read them.
            if broker.contains(',') || broker.contains(char::is_whitespace) {
                invalid.add(format!("{field}.brokers.{index}"), "must be one host:port");
            }
            check::text(broker, field, &format!("brokers.{index}"), invalid);
        }
        check::text(&self.username, field, "username", invalid);
        check::text(&self.mechanism, field, "mechanism", invalid);
    }
}
