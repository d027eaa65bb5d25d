//! The backing stores of a module: where they are and how to log in, without the secrets.
//!
//! The serialized forms are those of the connections that clients read, so that one type serves record and answer.

mod check;
mod kafka;
mod kind;
mod mongodb;
mod postgresql;
mod rabbitmq;

use serde::{Deserialize, Serialize};

pub use check::PORTS;
pub use kafka::Kafka;
pub use kind::{ResourceKind, UnknownResource};
pub use mongodb::Mongodb;
pub use postgresql::Postgresql;
pub use rabbitmq::Rabbitmq;

use crate::connection_settings::ConnectionSettings;
use crate::secret::SecretReference;

/// One backing store as a record keeps it: in the clear what is no secret, and where the secret is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource<T> {
    /// Where it is.
    pub settings: T,
    /// Its password and, for MongoDB, its URI.
    pub secret: SecretReference,
}

/// The backing stores of one module, and the limits of their pools.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModuleResources {
    /// PostgreSQL, for reading and writing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub postgresql: Option<Resource<Postgresql>>,
    /// PostgreSQL, for reading only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub postgresql_replica: Option<Resource<Postgresql>>,
    /// MongoDB or DocumentDB.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mongodb: Option<Resource<Mongodb>>,
    /// RabbitMQ.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rabbitmq: Option<Resource<Rabbitmq>>,
    /// Kafka.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kafka: Option<Resource<Kafka>>,
    /// Limits of the pools; those of the association hold where there are none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub connection_settings: Option<ConnectionSettings>,
}

impl ModuleResources {
    /// Which backing stores there are, and where their secrets are.
    pub fn secrets(&self) -> impl Iterator<Item = (ResourceKind, &SecretReference)> {
        let secrets = [
            (ResourceKind::Postgresql, self.postgresql.as_ref().map(|resource| &resource.secret)),
            (ResourceKind::PostgresqlReplica, self.postgresql_replica.as_ref().map(|it| &it.secret)),
            (ResourceKind::Mongodb, self.mongodb.as_ref().map(|resource| &resource.secret)),
            (ResourceKind::Rabbitmq, self.rabbitmq.as_ref().map(|resource| &resource.secret)),
            (ResourceKind::Kafka, self.kafka.as_ref().map(|resource| &resource.secret)),
        ];
        secrets.into_iter().filter_map(|(kind, secret)| Some((kind, secret?)))
    }
}
