//! The backing stores of a module as an operator gives them, with their secrets.

use std::collections::BTreeSet;

use domain::{
    ConnectionSettings, Environment, Invalid, Isolation, Kafka, ModuleName, ModuleResources, Mongodb,
    Postgresql, Rabbitmq, Resource, ResourceKind, SecretReference, SecretText, ServiceName, TenantId,
    field_path,
};
use serde::Serialize;

use crate::parts::Parts;
use crate::refusal::Refusal;

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

/// A module whose secrets are stored, and which versions were stored for it.
pub(crate) struct StoredModule {
    pub(crate) resources: ModuleResources,
    pub(crate) secrets: Vec<SecretReference>,
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

    /// Stores the secrets, each as a new version that nobody reads until the record refers to it.
    pub(crate) async fn store(&self, place: Place<'_>, parts: &Parts) -> Result<StoredModule, Refusal> {
        let mut store = Store { place, parts, secrets: Vec::new() };
        let stored = store.all(self).await;
        let Store { secrets, .. } = store;
        match stored {
            Ok(resources) => Ok(StoredModule { resources, secrets }),
            Err(refusal) => {
                forget(parts, &secrets).await;
                Err(refusal)
            }
        }
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

struct Store<'a> {
    place: Place<'a>,
    parts: &'a Parts,
    secrets: Vec<SecretReference>,
}

impl Store<'_> {
    async fn all(&mut self, given: &GivenModule) -> Result<ModuleResources, Refusal> {
        Ok(ModuleResources {
            postgresql: self.flat(ResourceKind::Postgresql, given.postgresql.as_ref()).await?,
            postgresql_replica: self
                .flat(ResourceKind::PostgresqlReplica, given.postgresql_replica.as_ref())
                .await?,
            mongodb: self.flat(ResourceKind::Mongodb, given.mongodb.as_ref()).await?,
            rabbitmq: self.flat(ResourceKind::Rabbitmq, given.rabbitmq.as_ref()).await?,
            kafka: self.kafka(given.kafka.as_ref()).await?,
            connection_settings: given.connection_settings.clone(),
        })
    }

    async fn flat<T: Serialize + Clone>(
        &mut self,
        kind: ResourceKind,
        given: Option<&Given<T>>,
    ) -> Result<Option<Resource<T>>, Refusal> {
        let Some(given) = given else { return Ok(None) };
        let body = SecretBody {
            settings: &given.settings,
            password: given.password.as_ref().map(SecretText::expose),
            uri: given.uri.as_ref().map(SecretText::expose),
        };
        let body = SecretText::new(serde_json::to_string(&body)?);
        let secret = self.put(kind, &body).await?;
        Ok(Some(Resource { settings: given.settings.clone(), secret }))
    }

    async fn kafka(&mut self, given: Option<&Given<Kafka>>) -> Result<Option<Resource<Kafka>>, Refusal> {
        let Some(given) = given else { return Ok(None) };
        let body = KafkaBody {
            brokers: given.settings.brokers.join(","),
            username: &given.settings.username,
            password: given.password.as_ref().map(SecretText::expose).unwrap_or_default(),
            mechanism: &given.settings.mechanism,
            tls: given.settings.tls,
            acl_prefixes: format!("{}.", self.place.service),
        };
        let body = SecretText::new(serde_json::to_string(&body)?);
        let secret = self.put(ResourceKind::Kafka, &body).await?;
        Ok(Some(Resource { settings: given.settings.clone(), secret }))
    }

    async fn put(&mut self, kind: ResourceKind, body: &SecretText) -> Result<SecretReference, Refusal> {
        let Place { environment, tenant, module, .. } = self.place;
        let path = kind.secret_path(environment, tenant, module);
        let reference = SecretReference { path, version: self.parts.secret_version() };
        self.secrets.push(reference.clone());
        self.parts.secrets.put(&reference, body).await?;
        Ok(reference)
    }
}

/// Removes versions that no record came to refer to. What cannot be removed now is unreferenced and does no harm.
pub(crate) async fn forget(parts: &Parts, secrets: &[SecretReference]) {
    for secret in secrets {
        if let Err(error) = parts.secrets.remove(secret).await {
            tracing::warn!(path = %secret.path, %error, "an unused version of a secret could not be removed");
        }
    }
}

/// Makes those versions current that the tenant's record refers to now, of the paths that were written. Of two writes of one
/// module both do this after their commits, so the later record wins whoever is faster.
pub(crate) async fn make_current(parts: &Parts, tenant: &TenantId, written: &[SecretReference]) {
    if written.is_empty() {
        return;
    }
    let referred = match parts.tenants.tenant(tenant).await {
        Ok(Some(tenant)) => {
            tenant.associations.into_values().flat_map(|it| it.modules.into_values()).collect()
        }
        Ok(None) => Vec::new(),
        Err(error) => {
            tracing::warn!(error = %error.source, "versions of secrets could not be made current");
            return;
        }
    };
    let referred = referred.iter().flat_map(ModuleResources::secrets).map(|(_, secret)| secret);
    for secret in referred.filter(|secret| written.iter().any(|one| one.path == secret.path)) {
        if let Err(error) = parts.secrets.make_current(secret).await {
            tracing::warn!(path = %secret.path, %error, "a version of a secret could not be made current");
        }
    }
}
