//! The schema of the connections. They are kept as text and not made anew for each answer.

use std::collections::BTreeMap;

use utoipa::ToSchema;

use crate::v1::resources::{ConnectionSettingsBody, KafkaBody, MongodbBody, PostgresqlBody, RabbitmqBody};

/// Where the databases and brokers of a tenant are, module by module.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct TenantConfigOut {
    /// Canonical id.
    #[schema(example = "0f8fad5bd9cb469fa16570867728950e")]
    id: String,
    tenant_slug: String,
    tenant_name: String,
    service: String,
    #[schema(example = "active")]
    status: String,
    /// `isolated` or `schema`.
    #[schema(example = "isolated")]
    isolation_mode: String,
    /// By module.
    databases: BTreeMap<String, DatabasesOut>,
    /// The broker of the first module that has one, for older clients.
    messaging: Option<MessagingOut>,
    /// By module.
    rabbitmq: Option<BTreeMap<String, RabbitmqBody>>,
    /// By module.
    streaming: Option<BTreeMap<String, StreamingOut>>,
    connection_settings: Option<ConnectionSettingsBody>,
    created_at: String,
    updated_at: String,
}

/// The databases of a module.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is used")]
struct DatabasesOut {
    postgresql: Option<PostgresqlBody>,
    postgresql_replica: Option<PostgresqlBody>,
    mongodb: Option<MongodbBody>,
    connection_settings: Option<ConnectionSettingsBody>,
}

/// One broker for the whole tenant.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct MessagingOut {
    rabbitmq: RabbitmqBody,
}

/// The streams of a module.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct StreamingOut {
    kafka: KafkaBody,
}
