//! The backing stores of a module in bodies.

use domain::{ModuleResources, Resource};
use serde::{Deserialize, Serialize};
use tenancy::GivenModule;
use utoipa::ToSchema;

use super::{ConnectionSettingsBody, KafkaBody, MongodbBody, PostgresqlBody, RabbitmqBody};

/// What a module has.
#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct ModuleBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    postgresql: Option<PostgresqlBody>,
    /// For reading only.
    #[serde(skip_serializing_if = "Option::is_none")]
    postgresql_replica: Option<PostgresqlBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mongodb: Option<MongodbBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rabbitmq: Option<RabbitmqBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kafka: Option<KafkaBody>,
    /// Limits of the pools; those of the association hold where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_settings: Option<ConnectionSettingsBody>,
}

impl From<ModuleBody> for GivenModule {
    fn from(body: ModuleBody) -> Self {
        Self {
            postgresql: body.postgresql.map(Into::into),
            postgresql_replica: body.postgresql_replica.map(Into::into),
            mongodb: body.mongodb.map(Into::into),
            rabbitmq: body.rabbitmq.map(Into::into),
            kafka: body.kafka.map(Into::into),
            connection_settings: body.connection_settings.map(Into::into),
        }
    }
}

impl From<&ModuleResources> for ModuleBody {
    fn from(resources: &ModuleResources) -> Self {
        Self {
            postgresql: shown(resources.postgresql.as_ref()),
            postgresql_replica: shown(resources.postgresql_replica.as_ref()),
            mongodb: shown(resources.mongodb.as_ref()),
            rabbitmq: shown(resources.rabbitmq.as_ref()),
            kafka: shown(resources.kafka.as_ref()),
            connection_settings: resources.connection_settings.as_ref().map(Into::into),
        }
    }
}

fn shown<'a, T, B: From<&'a T>>(resource: Option<&'a Resource<T>>) -> Option<B> {
    resource.map(|resource| B::from(&resource.settings))
}
