//! The body of the connections, as clients of the platform read it.

use std::collections::BTreeMap;

use domain::{
    Association, ConnectionSettings, Isolation, Kafka, ModuleName, Mongodb, Postgresql, Rabbitmq,
    ServiceName, Tenant,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::load::Opened;

/// What there is of the secret of a resource; the rest of its body repeats the record.
#[derive(Deserialize)]
pub(super) struct OpenedSecret {
    #[serde(default)]
    pub(super) password: Option<Zeroizing<String>>,
    #[serde(default)]
    pub(super) uri: Option<Zeroizing<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TenantConfig<'a> {
    /// Stands first, where it is found again to be spelled in another way.
    id: String,
    tenant_slug: &'a str,
    tenant_name: &'a str,
    service: &'a str,
    status: &'static str,
    isolation_mode: Isolation,
    databases: BTreeMap<&'a ModuleName, Databases<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    messaging: Option<Messaging<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    rabbitmq: BTreeMap<&'a ModuleName, Unlocked<'a, Rabbitmq>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    streaming: BTreeMap<&'a ModuleName, Streaming<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_settings: Option<&'a ConnectionSettings>,
    created_at: String,
    updated_at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Databases<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    postgresql: Option<Unlocked<'a, Postgresql>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postgresql_replica: Option<Unlocked<'a, Postgresql>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mongodb: Option<Unlocked<'a, Mongodb>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_settings: Option<&'a ConnectionSettings>,
}

/// One broker for the whole tenant, as older clients know it.
#[derive(Serialize)]
struct Messaging<'a> {
    rabbitmq: Unlocked<'a, Rabbitmq>,
}

#[derive(Serialize)]
struct Streaming<'a> {
    kafka: Unlocked<'a, Kafka>,
}

/// A backing store with its password.
#[derive(Serialize)]
struct Unlocked<'a, T> {
    #[serde(flatten)]
    settings: &'a T,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<&'a str>,
}

impl Databases<'_> {
    fn is_empty(&self) -> bool {
        self.postgresql.is_none()
            && self.postgresql_replica.is_none()
            && self.mongodb.is_none()
            && self.connection_settings.is_none()
    }
}

impl<'a> TenantConfig<'a> {
    pub(super) fn new(
        tenant: &'a Tenant,
        service: &'a ServiceName,
        association: &'a Association,
        opened: &'a Opened,
    ) -> Self {
        let mut config = Self {
            id: tenant.id.to_string(),
            tenant_slug: tenant.slug.as_str(),
            tenant_name: tenant.name.as_str(),
            service: service.as_str(),
            status: association.status.name(),
            isolation_mode: association.isolation,
            databases: BTreeMap::new(),
            messaging: None,
            rabbitmq: BTreeMap::new(),
            streaming: BTreeMap::new(),
            connection_settings: association.connection_settings.as_ref(),
            created_at: association.created_at.to_string(),
            updated_at: association.updated_at.to_string(),
        };
        for (module, resources) in &association.modules {
            let databases = Databases {
                postgresql: resources.postgresql.as_ref().map(|it| opened.unlocked(it)),
                postgresql_replica: resources.postgresql_replica.as_ref().map(|it| opened.unlocked(it)),
                mongodb: resources.mongodb.as_ref().map(|it| opened.unlocked(it)),
                connection_settings: resources.connection_settings.as_ref(),
            };
            // Clients that name no module take the first one: it must have something.
            if !databases.is_empty() {
                config.databases.insert(module, databases);
            }
            if let Some(rabbitmq) = &resources.rabbitmq {
                config.messaging.get_or_insert(Messaging { rabbitmq: opened.unlocked(rabbitmq) });
                config.rabbitmq.insert(module, opened.unlocked(rabbitmq));
            }
            if let Some(kafka) = &resources.kafka {
                config.streaming.insert(module, Streaming { kafka: opened.unlocked(kafka) });
            }
        }
        config
    }
}

impl Opened {
    fn unlocked<'a, T>(&'a self, resource: &'a domain::Resource<T>) -> Unlocked<'a, T> {
        let secret = self.secret(&resource.secret);
        Unlocked {
            settings: &resource.settings,
            password: secret.and_then(|secret| secret.password.as_deref().map(String::as_str)),
            uri: secret.and_then(|secret| secret.uri.as_deref().map(String::as_str)),
        }
    }
}
