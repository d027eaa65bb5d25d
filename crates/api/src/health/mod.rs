//! The probes. They need no API key.

mod alive;
mod ready;
mod version;

use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::alias::{Alias, alias};
use crate::state::ApiState;

/// The paths of the probes, which come every few seconds.
pub(crate) const PATHS: &[&str] = &["/health", "/health/live", "/health/ready", "/readyz", "/version"];

/// The routes of the probes.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    let routes = OpenApiRouter::new()
        .routes(routes!(alive::handler))
        .routes(routes!(ready::handler))
        .routes(routes!(version::handler));
    let live = Alias { of: "/health", at: "/health/live", suffix: "live", is_legacy: false };
    let ready = Alias { of: "/readyz", at: "/health/ready", suffix: "health", is_legacy: false };
    let routes = alias(routes, live, get(alive::handler));
    alias(routes, ready, get(ready::handler))
}
