//! The routes and their layers, on one screen.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath};
use axum::middleware::{from_fn, from_fn_with_state};
use http::Extensions;
use middleware::{AccessLogLayer, ApiKeyLayer, RequestIdLayer};
use tokio::sync::Semaphore;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;

use crate::error::ApiError;
use crate::layers::{LeadingSlashes, answer_panic, bound_concurrency, bound_head, bound_time, log_failure};
use crate::state::ApiState;
use crate::{cache_admin, health};

/// The layers that come from outside, because they are given keys, clocks and randomness.
#[derive(Clone)]
pub struct Guards {
    /// Takes or makes the id of a request.
    pub request_id: RequestIdLayer,
    /// Finds out who calls.
    pub api_key: ApiKeyLayer,
}

/// All routes with all layers. A layer that is added to it runs outside of them and after routing.
pub fn router(state: ApiState, guards: Guards) -> Router {
    let limits = state.limits();
    let places = Arc::new(Semaphore::new(limits.concurrent_requests));
    // Top down, as a request passes them.
    let for_callers =
        ServiceBuilder::new().layer(from_fn_with_state(places, bound_concurrency)).layer(guards.api_key);
    let for_all = ServiceBuilder::new()
        .layer(guards.request_id)
        .layer(AccessLogLayer::new().route_from(route_of).quiet(health::PATHS))
        .layer(from_fn(log_failure))
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(from_fn_with_state(limits, bound_head))
        .layer(from_fn_with_state(limits.request_time, bound_time))
        .layer(DefaultBodyLimit::max(limits.max_body_bytes));

    // The prefix is optional: clients that join an absolute path to a base URL lose the prefix of the base.
    let callers = Router::new()
        .merge(cache_admin::routes())
        .nest("/v1", cache_admin::routes())
        .fallback(no_route)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(for_callers);
    let probes = health::routes().method_not_allowed_fallback(method_not_allowed);
    callers.merge(probes).layer(for_all).with_state(state)
}

/// What the server gets: the router behind what must happen before routing.
pub fn service(router: Router) -> LeadingSlashes<Router> {
    LeadingSlashes::new(router)
}

/// The template of the route, so that no key of the cache gets into the log.
fn route_of(extensions: &Extensions) -> Option<String> {
    extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned())
}

async fn no_route() -> ApiError {
    ApiError::NoRoute
}

async fn method_not_allowed() -> ApiError {
    ApiError::MethodNotAllowed
}
