//! The configuration as the driver takes it.

use std::sync::Arc;
use std::time::Duration;

use lapin::types::ShortString;
use lapin::uri::AMQPUri;
use rustls::ClientConfig;

use super::config::{RabbitConfig, RabbitConfigError};
use super::tls;

pub(super) struct DriverSettings {
    pub(super) uri: AMQPUri,
    pub(super) exchange: ShortString,
    pub(super) tls: Option<Arc<ClientConfig>>,
    pub(super) patience: Duration,
    pub(super) in_flight: usize,
}

impl DriverSettings {
    pub(super) fn new(config: &RabbitConfig) -> Result<Self, RabbitConfigError> {
        let mut uri = config.uri.parsed().clone();
        uri.query
            .heartbeat
            .get_or_insert(u16::try_from(config.heartbeat.as_secs()).unwrap_or(u16::MAX).max(1));
        let exchange = ShortString::try_new(config.exchange.as_str()).ok();
        let exchange =
            exchange.filter(|name| !name.as_str().is_empty()).ok_or(RabbitConfigError::Exchange)?;
        let authority = config.ca_certificate_pem.as_deref();
        let tls = config.uri.is_tls().then(|| tls::client_config(authority)).transpose()?;
        Ok(Self { uri, exchange, tls, patience: config.patience, in_flight: config.in_flight.max(1) })
    }
}
