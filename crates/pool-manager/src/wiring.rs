//! What is built from the configuration, and who gets what.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use api::{ApiState, Browsers, Guards, Limits, Readiness, ReadinessSettings};
use cache::{CacheHandle, Selection};
use domain::{Clock, HostRules, IdSpelling, IdempotencyLedger, SecretStore};
use middleware::{
    ApiKeyLayer, BearerTokenLayer, IdempotencyLayer, IdempotencySettings, RateLimitLayer, RequestIdLayer,
};
use opentelemetry::metrics::Meter;
use seal::KeyRing;
use tenancy::{AuditChain, AuditKeeper, AuditKeeperPorts, FailSafe, Parts, UseCases};

use crate::app::App;
use crate::cache_link;
use crate::config::{Config, RateLimitConfig, TenancyConfig, USUAL_LIMIT};
use crate::event_relay::EventRelay;
use crate::failure::Failure;
use crate::first_start;
use crate::http_server::tls;
use crate::ports::Ports;
use crate::randomness;
use crate::record_store::RecordStore;
use crate::snapshot_disk::SnapshotDisk;
use crate::telemetry::{
    RequestTelemetryLayer, observe_audit, observe_cache, observe_events, observe_fail_safe,
    observe_idempotency, observe_near, observe_rate_limit, observe_sealing, observe_tokens, observe_tracking,
    record_checks, record_key_changes,
};
use crate::token_keys;

/// Builds the service. Nothing is connected yet and nothing listens: that is [`App::serve`].
pub async fn build(config: Config, clock: Arc<dyn Clock>, meter: &Meter) -> Result<App, Failure> {
    let ports = Ports::of(&config, Arc::clone(&clock)).await?;
    build_with(config, ports, clock, meter)
}

/// The same with other ports.
pub fn build_with(
    config: Config,
    ports: Ports,
    clock: Arc<dyn Clock>,
    meter: &Meter,
) -> Result<App, Failure> {
    let of_use_cases = Settings::of(&config);
    let ring = first_start::ring(config.secrets.encryption_keys, &config.deployment.data_dir)?;
    let tls = config.edge.tls.map(|files| tls::load(&files, Arc::clone(&clock))).transpose()?;
    let (cache_mode, cache_tls) = describe(&config.cache);
    let cache = cache_link::handle(&config.cache);
    let limits = Limits::default();
    let settings = ReadinessSettings {
        version: config.deployment.version,
        deployment_mode: config.deployment.mode.name().to_owned(),
        requires_cache: config.readiness.requires_cache,
        requires_store: config.readiness.requires_store,
        store: ports.store.name,
        cache_mode,
        cache_tls,
    };
    let secrets = ports.secrets.ports(&ports.store.sealed_rows, &ring);
    let hosts = of_use_cases.hosts;
    let parts = parts(&ports.store, secrets.store, Arc::clone(&clock), of_use_cases);
    let fail_safe = fail_safe(&config.tenancy, &config.deployment.data_dir, &ring, &clock);
    let connections_ttl = config.tenancy.connections_ttl;
    let use_cases =
        UseCases::with_fail_safe(parts, cache.clone(), ring.clone(), connections_ttl, fail_safe.clone())
            .measuring_key_changes(record_key_changes(meter));
    let audit = audit(&ports.store, &ring, config.audit.retention, &clock);
    let refusals = Arc::new(use_cases.refused_attempts.clone());
    let api_key = ApiKeyLayer::cached(ports.api_keys, Arc::clone(&clock), cache.clone(), ring.clone());
    let api_key = api_key
        .remembering(Arc::new(fail_safe.clone()), api::may_recall_key)
        .telling_uses(Arc::new(use_cases.key_uses.clone()))
        .watched_by(refusals.clone());
    let policy = token_keys::policy(&config.tokens, hosts)?;
    let bearer_token =
        policy.map(|policy| BearerTokenLayer::new(policy, Arc::clone(&clock)).watched_by(refusals.clone()));
    let guards = Guards {
        request_id: RequestIdLayer::new(),
        api_key: if bearer_token.is_some() { api_key.beside_tokens() } else { api_key },
        bearer_token: bearer_token.clone(),
        refusals,
        rate_limit: rate_limit(&cache, &config.rate_limit),
        idempotency: idempotency(&cache, ring, ports.store.ledger.clone(), &limits),
        browsers: Browsers { cors: config.edge.cors, only_encrypted: tls.is_some() },
    };
    observe(meter, &cache, &guards, &use_cases);
    let selected = (&cache, &config.cache);
    let events = EventRelay::new(config.events, selected, &ports.store, &use_cases, Arc::clone(&clock))?;
    observe_events(meter, &events);
    observe_fail_safe(meter, &fail_safe);
    observe_audit(meter, &audit, &use_cases.audit_notes);
    let readiness =
        Readiness::observed(settings, cache.clone(), ports.store.health.clone(), record_checks(meter));
    if let Some(health) = secrets.health {
        readiness.also_ask_secrets(health);
    }
    if let Some(link) = events.broker() {
        readiness.also_tell_broker(link);
    }
    readiness.also_tell_outbox(events.outbox());
    if let Some(resealing) = &secrets.resealing {
        observe_sealing(meter, resealing);
    }
    let environment = config.deployment.environment;
    let state =
        ApiState::new(use_cases.clone(), environment, cache.clone(), readiness.clone(), clock, limits);
    let idempotency = guards.idempotency.clone();
    let router = api::router(state, guards, ports.routes).layer(RequestTelemetryLayer::new(meter));
    let store = ports.store;
    Ok(App {
        store,
        router,
        readiness,
        cache,
        use_cases,
        resealing: secrets.resealing,
        events,
        audit,
        fail_safe,
        bearer_token,
        idempotency,
        selection: config.cache,
        server: config.server,
        tls,
        proxies: Arc::new(config.edge.trusted_proxies),
    })
}

/// Reports what they count whenever metrics are collected.
fn observe(meter: &Meter, cache: &CacheHandle, guards: &Guards, use_cases: &UseCases) {
    observe_cache(meter, cache);
    observe_tracking(meter, cache);
    let api_keys = guards.api_key.clone();
    observe_near(meter, "api_keys", move || api_keys.counters());
    if let Some(layer) = &guards.bearer_token {
        observe_tokens(meter, layer);
    }
    if let Some(layer) = &guards.rate_limit {
        observe_rate_limit(meter, layer);
    }
    let connections = use_cases.connections.clone();
    observe_near(meter, "connections", move || connections.counters());
    let active_tenants = use_cases.active_tenants.clone();
    observe_near(meter, "active_tenants", move || active_tenants.counters());
    observe_idempotency(meter, &guards.idempotency);
}

/// What chains the audit log and keeps it.
fn audit(store: &RecordStore, ring: &KeyRing, retention: Duration, clock: &Arc<dyn Clock>) -> AuditKeeper {
    AuditKeeper::new(AuditKeeperPorts {
        log: store.audit.clone(),
        leases: store.leases.clone(),
        clock: Arc::clone(clock),
        chain: AuditChain::of(ring),
        retention,
    })
}

/// What the use cases are told by the configuration.
pub(crate) struct Settings {
    tenant_ids: IdSpelling,
    credential_ids: BTreeSet<IdSpelling>,
    hosts: HostRules,
}

impl Settings {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            tenant_ids: config.tenancy.tenant_ids,
            credential_ids: config.tenancy.credential_ids.clone(),
            hosts: config.deployment.mode.hosts(),
        }
    }
}

/// What the use cases work with.
pub(crate) fn parts(
    store: &RecordStore,
    secrets: Arc<dyn SecretStore>,
    clock: Arc<dyn Clock>,
    settings: Settings,
) -> Parts {
    let Settings { tenant_ids, credential_ids, hosts } = settings;
    Parts {
        tenants: store.tenants.clone(),
        catalogue: store.catalogue.clone(),
        api_keys: store.api_keys.clone(),
        api_key_uses: store.api_key_uses.clone(),
        changes: store.changes.clone(),
        events: store.events.clone(),
        audit: store.audit.clone(),
        secrets,
        secret_writes: store.secret_writes.clone(),
        leases: store.leases.clone(),
        clock,
        random: randomness::SYSTEM,
        tenant_ids,
        credential_ids,
        hosts,
    }
}

/// What is remembered stays beside the process.
fn fail_safe(config: &TenancyConfig, data_dir: &Path, ring: &KeyRing, clock: &Arc<dyn Clock>) -> FailSafe {
    let file = Arc::new(SnapshotDisk::new(data_dir));
    FailSafe::new(config.fail_safe_window, ring.clone(), Arc::clone(clock), Some(file))
}

fn rate_limit(cache: &CacheHandle, config: &RateLimitConfig) -> Option<RateLimitLayer> {
    for variable in &config.unusual_limits {
        tracing::warn!(variable, "a limit above {USUAL_LIMIT} requests in a window protects little");
    }
    config.enabled.then(|| {
        let layer = RateLimitLayer::new(cache.clone(), config.tiers.clone())
            .tier_from(api::rate_tier)
            .on_cache_failure(config.on_cache_failure);
        match config.cache_time {
            Some(time) => layer.cache_time(time),
            None => layer,
        }
    })
}

/// A keyed write is read whole, so its body has the limit that all bodies have.
fn idempotency(
    cache: &CacheHandle,
    ring: KeyRing,
    ledger: Arc<dyn IdempotencyLedger>,
    limits: &Limits,
) -> IdempotencyLayer {
    let settings =
        IdempotencySettings { max_request_bytes: limits.max_body_bytes, ..IdempotencySettings::default() };
    IdempotencyLayer::new(cache.clone(), ring).settings(settings).ledger(ledger)
}

/// Mode and TLS of the cache, as readiness shows them.
fn describe(selection: &Selection) -> (&'static str, bool) {
    match selection {
        Selection::Embedded => ("embedded", false),
        Selection::Valkey { config, .. } => (config.mode.name(), config.tls),
    }
}
