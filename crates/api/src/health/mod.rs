//! The probes. They need no API key.

mod alive;
mod ready;
mod version;

use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

/// The paths of the probes, which come every few seconds.
pub(crate) const PATHS: &[&str] = &["/health", "/health/live", "/health/ready", "/readyz", "/version"];

/// The routes of the probes.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(alive::handler))
        .routes(routes!(ready::handler))
        .routes(routes!(version::handler))
        // Other names of the same.
        .route("/health/live", get(alive::handler))
        .route("/health/ready", get(ready::handler))
}
