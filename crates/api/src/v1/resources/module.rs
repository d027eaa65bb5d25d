//! The backing stores of a module in bodies.

use domain::{Invalid, ModuleResources, Resource, ResourceKind, field_path};
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

impl ModuleBody {
    /// What is given; numbers that are none of it are noted below `field`.
    pub(crate) fn given(self, field: &str, invalid: &mut Invalid) -> GivenModule {
        let at = |kind: ResourceKind| field_path(field, kind);
        GivenModule {
            postgresql: self.postgresql.map(|it| it.given(&at(ResourceKind::Postgresql), invalid)),
            postgresql_replica: self
                .postgresql_replica
                .map(|it| it.given(&at(ResourceKind::PostgresqlReplica), invalid)),
            mongodb: self.mongodb.map(|it| it.given(&at(ResourceKind::Mongodb), invalid)),
            rabbitmq: self.rabbitmq.map(|it| it.given(&at(ResourceKind::Rabbitmq), invalid)),
            kafka: self.kafka.map(KafkaBody::given),
            connection_settings: self
                .connection_settings
                .map(|it| it.given(&field_path(field, "connectionSettings"), invalid)),
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
