//! `pool-manager serve`.

use std::sync::Arc;

use api::CorsOrigins;
use cache::Selection;
use domain::SystemClock;
use middleware::OnCacheFailure;
use tokio::net::TcpListener;

use crate::cache_link;
use crate::config::{
    Config, DeploymentMode, EdgeConfig, RateLimitConfig, SecretsBackend, StoreConfig, TokensConfig,
};
use crate::failure::Failure;
use crate::record_store;
use crate::shutdown::Shutdown;
use crate::telemetry::Telemetry;
use crate::wiring;

pub(crate) async fn run(config: Config) -> Result<(), Failure> {
    let telemetry = Telemetry::install(&config.telemetry, &config.log)?;
    let outcome = serve(config, &telemetry).await;
    telemetry.flush().await;
    outcome
}

async fn serve(config: Config, telemetry: &Telemetry) -> Result<(), Failure> {
    let shutdown = Shutdown::on_signals()?;
    let listener = listen(&config.server.host, config.server.port).await?;
    announce(&config);
    let app = wiring::build(config, Arc::new(SystemClock), &telemetry.meter()).await?;
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "listening");
    }
    app.serve(listener, shutdown).await
}

async fn listen(host: &str, port: u16) -> Result<TcpListener, Failure> {
    TcpListener::bind((host, port))
        .await
        .map_err(|source| Failure::Listen { address: format!("{host}:{port}"), source })
}

/// One line for each thing that somebody would otherwise have to guess.
fn announce(config: &Config) {
    let deployment = &config.deployment;
    tracing::info!(
        version = deployment.version,
        deployment_mode = deployment.mode.name(),
        environment = deployment.environment.name(),
        "pool-manager starts"
    );
    match &config.cache {
        Selection::Embedded => {
            tracing::info!("cache: embedded, in this process only (CACHE_ADDRS is not set)");
        }
        Selection::Valkey { config, legacy } => {
            tracing::info!(
                mode = config.mode.name(),
                tls = config.tls,
                addresses = cache_link::addresses(config),
                "cache: Valkey"
            );
            if *legacy {
                tracing::warn!(
                    "REDIS_* will not be read by the next release; rename to CACHE_ADDRS, CACHE_MODE, ..."
                );
            }
        }
    }
    match &config.store {
        StoreConfig::Embedded => {
            let directory = deployment.data_dir.display();
            tracing::info!("records: embedded, in {directory}/records.sqlite (MONGO_URI is not set)");
        }
        StoreConfig::Mongo(mongo) => {
            let (hosts, database) = (record_store::hosts(mongo), mongo.database.as_str());
            tracing::info!(hosts, database, "records: MongoDB");
        }
    }
    match &config.events.rabbitmq {
        Some(rabbitmq) => {
            tracing::info!(broker = %rabbitmq.uri, exchange = rabbitmq.exchange, "events: RabbitMQ");
        }
        None if deployment.mode == DeploymentMode::Saas => {
            tracing::warn!("events: not to RabbitMQ (RABBITMQ_URI is not set)");
        }
        None => tracing::info!("events: not to RabbitMQ (RABBITMQ_URI is not set)"),
    }
    if let Some(legacy) = &config.events.legacy {
        tracing::info!(
            addresses = cache_link::addresses(legacy),
            "events: to a second server's channels, too"
        );
    }
    announce_secrets(&config.secrets.backend);
    announce_edge(&config.edge);
    if config.auth.bootstrap_key.is_some() {
        tracing::info!("API key: from BOOTSTRAP_ADMIN_API_KEY");
    }
    announce_tokens(&config.tokens);
    if config.secrets.encryption_keys.is_some() {
        tracing::info!("encryption key: from SECRETS_ENCRYPTION_KEY");
    }
    announce_limits(&config.rate_limit);
    if let Some(endpoint) = &config.telemetry.endpoint {
        tracing::info!(endpoint, "telemetry: OTLP");
    }
}

fn announce_tokens(tokens: &TokensConfig) {
    if tokens.issuers.is_empty() {
        tracing::info!("bearer tokens: none (AUTH_ISSUER is not set)");
        return;
    }
    let issuers = tokens.issuers.iter().map(|issuer| issuer.name.as_str()).collect::<Vec<_>>().join(", ");
    let (audiences, organizations) = (tokens.audiences.join(", "), tokens.organizations.join(", "));
    tracing::info!(issuers, audiences, organizations, "bearer tokens");
}

fn announce_secrets(backend: &SecretsBackend) {
    match backend {
        SecretsBackend::Embedded => tracing::info!("secrets: embedded, sealed in the record store"),
        SecretsBackend::Aws(aws) => {
            let region = aws.region.as_deref().unwrap_or_default();
            tracing::info!(region, endpoint = aws.endpoint_url, "secrets: AWS Secrets Manager");
        }
    }
}

fn announce_edge(edge: &EdgeConfig) {
    match &edge.tls {
        Some(files) => tracing::info!(certificate = %files.certificate.display(), "listener: TLS"),
        None => tracing::info!("listener: HTTP without TLS (TLS_CERT_FILE is not set)"),
    }
    if edge.cors.as_ref().is_some_and(|cors| cors.origins == CorsOrigins::Any) {
        tracing::warn!("pages of every origin may call (ACCESS_CONTROL_ALLOW_ORIGIN=*)");
    }
}

fn announce_limits(limits: &RateLimitConfig) {
    if !limits.enabled {
        tracing::warn!("rate limit: off (RATE_LIMIT_ENABLED)");
        return;
    }
    if limits.on_cache_failure == OnCacheFailure::Open {
        tracing::warn!("rate limit: off while the cache is away (RATE_LIMIT_ON_CACHE_FAILURE=open)");
    }
    if limits.is_failure_by_old_name {
        tracing::warn!(
            "ALLOW_RATELIMIT_FAIL_OPEN will not be read by the next release; write RATE_LIMIT_ON_CACHE_FAILURE=open"
        );
    }
}
