//! What is built from the configuration, and who gets what.

use std::sync::Arc;

use api::{ApiState, Guards, Limits, Readiness, ReadinessSettings};
use axum::middleware::from_fn_with_state;
use cache::Selection;
use domain::{ApiKey, ApiKeyHash, ApiKeyRecord, CallerId, Clock, MemoryApiKeys, Scope, Scopes};
use middleware::{ApiKeyLayer, RequestIdLayer};
use opentelemetry::metrics::Meter;

use crate::app::App;
use crate::cache_link;
use crate::config::{Config, EnvironmentName};
use crate::failure::Failure;
use crate::first_start;
use crate::telemetry::{RequestMetrics, observe_cache, record_checks, trace_request};

/// Builds the service. Nothing is connected yet and nothing listens: that is [`App::serve`].
pub fn build(config: Config, clock: Arc<dyn Clock>, meter: &Meter) -> Result<App, Failure> {
    let environment = config.deployment.environment;
    let key = match config.auth.bootstrap_key {
        Some(key) => key,
        None => first_start::api_key(&config.deployment.data_dir, environment)?,
    };
    let keys = MemoryApiKeys::new([bootstrap_record(&key, environment)]);
    drop(key);

    let (cache_mode, cache_tls) = describe(&config.cache);
    let cache = cache_link::handle(&config.cache);
    observe_cache(meter, &cache);
    let settings = ReadinessSettings {
        version: config.deployment.version,
        deployment_mode: config.deployment.mode.name().to_owned(),
        requires_cache: config.readiness.requires_cache,
        cache_mode,
        cache_tls,
    };
    let readiness = Readiness::observed(settings, cache.clone(), record_checks(meter));
    let state = ApiState::new(cache.clone(), readiness.clone(), Arc::clone(&clock), Limits::default());
    let guards =
        Guards { request_id: RequestIdLayer::new(), api_key: ApiKeyLayer::new(Arc::new(keys), clock) };
    let router =
        api::router(state, guards).layer(from_fn_with_state(RequestMetrics::new(meter), trace_request));
    Ok(App { router, readiness, cache, selection: config.cache, server: config.server })
}

/// Mode and TLS of the cache, as readiness shows them.
fn describe(selection: &Selection) -> (&'static str, bool) {
    match selection {
        Selection::Embedded => ("embedded", false),
        Selection::Valkey { config, .. } => (config.mode.name(), config.tls),
    }
}

/// The first operator's key may do everything that there is to do so far.
fn bootstrap_record(key: &ApiKey, environment: EnvironmentName) -> ApiKeyRecord {
    ApiKeyRecord {
        id: CallerId::from("bootstrap"),
        hash: ApiKeyHash::of(key),
        name: "bootstrap".to_owned(),
        environment: environment.name().to_owned(),
        scopes: Scopes::from_iter([Scope::CACHE_READ, Scope::CACHE_WRITE]),
        expires_at: None,
    }
}
