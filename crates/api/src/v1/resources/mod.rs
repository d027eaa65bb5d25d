//! Backing stores in bodies: the same shape for giving and for showing them, but that no answer of the administration has the
//! passwords in it.

mod connection_settings;
mod kafka;
mod module;
mod mongodb;
mod postgresql;
mod rabbitmq;
mod secret_string;

pub(super) use connection_settings::{ConnectionSettingsBody, connections};
use kafka::KafkaBody;
pub(super) use module::ModuleBody;
use mongodb::MongodbBody;
use postgresql::PostgresqlBody;
use rabbitmq::RabbitmqBody;
pub(crate) use secret_string::SecretString;
