//! The schemas of backing stores with their passwords, which only connections have.

use utoipa::ToSchema;

/// Where PostgreSQL is, and how to log in.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct PostgresqlOut {
    #[schema(example = "pg-1.int")]
    host: String,
    #[schema(example = 5432)]
    port: u16,
    #[schema(example = "bb_onb")]
    database: String,
    #[schema(example = "bb")]
    username: String,
    password: Option<String>,
    schema: Option<String>,
    sslmode: Option<String>,
    sslrootcert: Option<String>,
    sslcert: Option<String>,
    sslkey: Option<String>,
}

/// Where MongoDB is, and how to log in.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct MongodbOut {
    host: Option<String>,
    port: Option<u16>,
    #[schema(example = "bb_onb")]
    database: String,
    username: Option<String>,
    password: Option<String>,
    /// In place of host and port; wins over them.
    uri: Option<String>,
    auth_source: Option<String>,
    direct_connection: Option<bool>,
    max_pool_size: Option<u64>,
    tls: Option<bool>,
    #[schema(rename = "tlsCAFile")]
    tls_ca_file: Option<String>,
    tls_cert_file: Option<String>,
    tls_key_file: Option<String>,
    tls_skip_verify: Option<bool>,
}

/// Where RabbitMQ is, and how to log in.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct RabbitmqOut {
    #[schema(example = "mq.int")]
    host: String,
    #[schema(example = 5671)]
    port: u16,
    #[schema(example = "bb")]
    vhost: String,
    #[schema(example = "bb")]
    username: String,
    password: Option<String>,
    /// Without it clients follow their own setting.
    tls: Option<bool>,
    #[schema(rename = "tlsCAFile")]
    tls_ca_file: Option<String>,
}

/// Where Kafka is, and how to log in.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct KafkaOut {
    #[schema(example = json!(["kafka-1.int:9096"]))]
    brokers: Vec<String>,
    username: String,
    #[schema(example = "SCRAM-SHA-512")]
    mechanism: String,
    password: Option<String>,
    /// Without it clients follow their own setting.
    tls: Option<bool>,
}
