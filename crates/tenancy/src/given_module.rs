//! The backing stores of a module as an operator gives them, with their secrets.

use std::collections::BTreeSet;

use domain::{
    ConnectionSettings, Environment, Invalid, Isolation, Kafka, ModuleName, Mongodb, Postgresql, Rabbitmq,
    ResourceKind, SecretText, ServiceName, TenantId, field_path,
};

const MAX_PASSWORD: usize = 1_024;

/// Some of the backing stores of a module. `Debug` shows no secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GivenModule {
    /// PostgreSQL, for reading and writing.
    pub postgresql: Option<Given<Postgresql>>,
    /// PostgreSQL, for reading only.
    pub postgresql_replica: Option<Given<Postgresql>>,
    /// MongoDB or DocumentDB.
    pub mongodb: Option<Given<Mongodb>>,
    /// RabbitMQ.
    pub rabbitmq: Option<Given<Rabbitmq>>,
    /// Kafka.
    pub kafka: Option<Given<Kafka>>,
    /// Limits of the pools.
    pub connection_settings: Option<ConnectionSettings>,
}

/// One backing store with what opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given<T> {
    /// Where it is.
    pub settings: T,
    /// The password.
    pub password: Option<SecretText>,
    /// For MongoDB, a URI, which holds the password.
    pub uri: Option<SecretText>,
}

/// Whose module it is.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) environment: Environment,
    pub(crate) tenant: &'a TenantId,
    pub(crate) service: &'a ServiceName,
    pub(crate) module: &'a ModuleName,
}

impl GivenModule {
    /// Notes what is wrong below `field`; also what the module is not registered with, if it is registered at all.
    pub(crate) fn check(
        &self,
        isolation: Isolation,
        registered: Option<&BTreeSet<ResourceKind>>,
        field: &str,
        invalid: &mut Invalid,
    ) {
        let at = |kind: ResourceKind| field_path(field, kind);
        for kind in self.kinds().filter(|kind| registered.is_some_and(|known| !known.contains(kind))) {
            invalid.add(at(kind), "the module is not registered with this resource");
        }
        for (kind, given) in [
            (ResourceKind::Postgresql, &self.postgresql),
            (ResourceKind::PostgresqlReplica, &self.postgresql_replica),
        ] {
            if let Some(given) = given {
                given.settings.check(isolation, &at(kind), invalid);
                given.check_password(&at(kind), invalid);
            }
        }
        if let Some(given) = &self.mongodb {
            let field = at(ResourceKind::Mongodb);
            given.settings.check(given.uri.as_ref().map(SecretText::expose), &field, invalid);
            if given.password.is_some() {
                given.check_password(&field, invalid);
            }
        }
        if let Some(given) = &self.rabbitmq {
            given.settings.check(&at(ResourceKind::Rabbitmq), invalid);
            given.check_password(&at(ResourceKind::Rabbitmq), invalid);
        }
        if let Some(given) = &self.kafka {
            given.settings.check(&at(ResourceKind::Kafka), invalid);
            given.check_password(&at(ResourceKind::Kafka), invalid);
        }
        if let Some(settings) = &self.connection_settings {
            settings.check(&field_path(field, "connectionSettings"), invalid);
        }
    }

    fn kinds(&self) -> impl Iterator<Item = ResourceKind> {
        let kinds = [
            self.postgresql.as_ref().map(|_| ResourceKind::Postgresql),
            self.postgresql_replica.as_ref().map(|_| ResourceKind::PostgresqlReplica),
            self.mongodb.as_ref().map(|_| ResourceKind::Mongodb),
            self.rabbitmq.as_ref().map(|_| ResourceKind::Rabbitmq),
            self.kafka.as_ref().map(|_| ResourceKind::Kafka),
        ];
        kinds.into_iter().flatten()
    }
}

impl<T> Given<T> {
    fn check_password(&self, field: &str, invalid: &mut Invalid) {
        let password = self.password.as_ref().map(SecretText::expose).unwrap_or_default();
        if password.is_empty() || password.len() > MAX_PASSWORD {
            invalid.add(format!("{field}.password"), format_args!("must have 1 to {MAX_PASSWORD} bytes"));
        }
    }
}
