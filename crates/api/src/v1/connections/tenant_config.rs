//! The schema of the connections. They are kept as text and not made anew for each answer.

use std::collections::BTreeMap;

use utoipa::ToSchema;

use super::unlocked::{KafkaOut, MongodbOut, PostgresqlOut, RabbitmqOut};
use crate::v1::resources::ConnectionSettingsBody;

/// Where the databases and brokers of a tenant are, module by module.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct TenantConfigOut {
    /// 32 hex digits for a UUID; with dashes where `DASHED_TENANT_IDS` is set.
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
    /// By module; a module without a database and limits of its own is not there.
    databases: BTreeMap<String, DatabasesOut>,
    /// The broker of the first module that has one, for older clients.
    messaging: Option<MessagingOut>,
    /// By module.
    rabbitmq: Option<BTreeMap<String, RabbitmqOut>>,
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
    postgresql: Option<PostgresqlOut>,
    postgresql_replica: Option<PostgresqlOut>,
    mongodb: Option<MongodbOut>,
    connection_settings: Option<ConnectionSettingsBody>,
}

/// One broker for the whole tenant.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct MessagingOut {
    rabbitmq: RabbitmqOut,
}

/// The streams of a module.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct StreamingOut {
    kafka: KafkaOut,
}
