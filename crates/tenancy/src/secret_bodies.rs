//! What secrets of backing stores hold.

use std::collections::BTreeMap;

use domain::{
    Kafka, ModuleResources, Resource, ResourceKind, SecretPath, SecretReference, SecretText, ServiceName,
};
use serde::Serialize;

use crate::given_module::{Given, GivenModule, Place};

/// The body of a secret: the settings with the password among them.
#[derive(Serialize)]
struct SecretBody<'a, T> {
    #[serde(flatten)]
    settings: &'a T,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<&'a str>,
}

/// The body that readers of Kafka's secrets expect: flat, lists joined by commas.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KafkaBody<'a> {
    brokers: String,
    username: &'a str,
    password: &'a str,
    mechanism: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<bool>,
    acl_prefixes: String,
}

/// Of a module: where the secret of each backing store is to be, and what it says.
pub(crate) type SecretBodies = Vec<(ResourceKind, SecretPath, SecretText)>;

impl GivenModule {
    /// The secrets of everything that is given.
    pub(crate) fn secret_bodies(&self, place: Place<'_>) -> Result<SecretBodies, serde_json::Error> {
        let bodies = [
            (ResourceKind::Postgresql, self.postgresql.as_ref().map(Given::body)),
            (ResourceKind::PostgresqlReplica, self.postgresql_replica.as_ref().map(Given::body)),
            (ResourceKind::Mongodb, self.mongodb.as_ref().map(Given::body)),
            (ResourceKind::Rabbitmq, self.rabbitmq.as_ref().map(Given::body)),
            (ResourceKind::Kafka, self.kafka.as_ref().map(|kafka| kafka_body(kafka, place.service))),
        ];
        let bodies = bodies.into_iter().filter_map(|(kind, body)| {
            let path = kind.secret_path(place.environment, place.tenant, place.module);
            Some(body?.map(|body| (kind, path, body)))
        });
        bodies.collect()
    }

    /// What a record keeps of the module, with its secrets stored.
    pub(crate) fn resources(&self, secrets: &BTreeMap<ResourceKind, SecretReference>) -> ModuleResources {
        let of = |kind: ResourceKind| secrets.get(&kind);
        ModuleResources {
            postgresql: resource(self.postgresql.as_ref(), of(ResourceKind::Postgresql)),
            postgresql_replica: resource(
                self.postgresql_replica.as_ref(),
                of(ResourceKind::PostgresqlReplica),
            ),
            mongodb: resource(self.mongodb.as_ref(), of(ResourceKind::Mongodb)),
            rabbitmq: resource(self.rabbitmq.as_ref(), of(ResourceKind::Rabbitmq)),
            kafka: resource(self.kafka.as_ref(), of(ResourceKind::Kafka)),
            connection_settings: self.connection_settings.clone(),
        }
    }
}

impl<T: Serialize> Given<T> {
    fn body(&self) -> Result<SecretText, serde_json::Error> {
        let body = SecretBody {
            settings: &self.settings,
            password: self.password.as_ref().map(SecretText::expose),
            uri: self.uri.as_ref().map(SecretText::expose),
        };
        serde_json::to_string(&body).map(SecretText::new)
    }
}

fn kafka_body(given: &Given<Kafka>, service: &ServiceName) -> Result<SecretText, serde_json::Error> {
    let body = KafkaBody {
        brokers: given.settings.brokers.join(","),
        username: &given.settings.username,
        password: given.password.as_ref().map(SecretText::expose).unwrap_or_default(),
        mechanism: &given.settings.mechanism,
        tls: given.settings.tls,
        acl_prefixes: format!("{service}."),
    };
    serde_json::to_string(&body).map(SecretText::new)
}

fn resource<T: Clone>(given: Option<&Given<T>>, secret: Option<&SecretReference>) -> Option<Resource<T>> {
    let (given, secret) = given.zip(secret)?;
    Some(Resource { settings: given.settings.clone(), secret: secret.clone() })
}
