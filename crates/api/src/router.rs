//! The routes and their layers, on one screen.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath};
use domain::RefusalWatch;
use http::Extensions;
use middleware::{
    AccessLogLayer, ApiKeyLayer, BearerTokenLayer, IdempotencyLayer, RateLimitLayer, RequestIdLayer,
};
use tower::ServiceBuilder;
use tower::util::MapResponseLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::browsers::{Browsers, CorsPolicy};
use crate::error::ApiError;
use crate::layers::{
    DeclaredPermissionsLayer, FailureLog, ForbiddenWatchLayer, LeadingSlashes, PanicLayer, PlacesLayer,
    RequestLimitsLayer, documentation, secured,
};
use crate::state::ApiState;
use crate::{alias, cache_admin, health, openapi, v1};

/// The layers that come from outside, because they are given keys, clocks and randomness.
#[derive(Clone)]
pub struct Guards {
    /// Takes or makes the id of a request.
    pub request_id: RequestIdLayer,
    /// Finds out who calls with a bearer token; `None` when no token is believed.
    pub bearer_token: Option<BearerTokenLayer>,
    /// Finds out who calls with a key.
    pub api_key: ApiKeyLayer,
    /// Is told of known callers that may not do what they ask for; the layers before it have their own.
    pub refusals: Arc<dyn RefusalWatch>,
    /// Bounds how often; `None` for no bound.
    pub rate_limit: Option<RateLimitLayer>,
    /// Does a write once, however often it is sent.
    pub idempotency: IdempotencyLayer,
    /// What browsers are told.
    pub browsers: Browsers,
}

/// Routes beside ours, behind the very same layers. The service itself has none; whole-service tests bring theirs.
#[derive(Debug, Clone, Default)]
pub struct MoreRoutes {
    /// Behind all layers.
    pub for_callers: Router,
    /// Behind those that probes are behind, too.
    pub open: Router,
}

/// All routes with all layers. A layer that is added to it runs outside of them and after routing.
pub fn router(state: ApiState, guards: Guards, more: MoreRoutes) -> Router {
    let limits = state.limits();
    // Top down, as a request passes them.
    let for_callers = ServiceBuilder::new()
        .layer(PlacesLayer::new(limits.concurrent_requests))
        .layer(ForbiddenWatchLayer(guards.refusals))
        .option_layer(guards.bearer_token)
        .layer(guards.api_key)
        .option_layer(guards.rate_limit);
    let failures = FailureLog::default();
    let Browsers { cors, only_encrypted } = guards.browsers;
    let for_all = ServiceBuilder::new()
        // Outside of the id, which it finds in the answer.
        .map_response(move |answer| failures.log(answer))
        .layer(guards.request_id)
        .layer(AccessLogLayer::new().route_from(route_of).quiet(health::PATHS))
        .map_response(move |answer| secured(answer, only_encrypted))
        // A preflight has no credentials and is answered here.
        .option_layer(cors.as_ref().map(CorsPolicy::layer))
        .layer(PanicLayer)
        .layer(RequestLimitsLayer::new(limits))
        .layer(DefaultBodyLimit::max(limits.max_body_bytes));

    let (routes, probes, document) = documented();
    let routes = routes
        .merge(more.for_callers.with_state(()))
        // Routes only: what no route takes is neither read nor kept.
        .route_layer(guards.idempotency)
        .route_layer(DeclaredPermissionsLayer::of(&document))
        .fallback(no_route)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(for_callers);
    let probes = probes
        .merge(openapi::routes(&document).layer(MapResponseLayer::new(documentation)))
        .merge(more.open.with_state(()))
        .method_not_allowed_fallback(method_not_allowed);
    routes.merge(probes).layer(for_all).with_state(state)
}

/// The routes for callers, those of the probes, and the document of both.
fn documented() -> (Router<ApiState>, Router<ApiState>, OpenApi) {
    let routes = OpenApiRouter::with_openapi(openapi::head())
        .nest("/v1", cache_admin::routes())
        // The prefix is optional: clients that join an absolute path to a base URL lose the prefix of the base.
        .merge(alias::renamed(cache_admin::routes(), "unversioned"))
        .merge(v1::routes());
    let (routes, mut document) = routes.split_for_parts();
    let (probes, of_probes) = health::routes().split_for_parts();
    document.merge(of_probes);
    openapi::describe_forms(&mut document);
    openapi::add_refusals(&mut document);
    openapi::add_tokens(&mut document);
    (routes, probes, document)
}

/// The OpenAPI document of all routes, as JSON.
pub fn openapi_document() -> String {
    openapi::text(&documented().2)
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
