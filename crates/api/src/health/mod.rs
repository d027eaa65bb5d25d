//! The probes. They need no API key.

mod alive;
mod ready;
mod version;

use axum::Router;
use axum::routing::get;

use crate::state::ApiState;

/// The paths of the probes, which come every few seconds.
pub(crate) const PATHS: &[&str] = &["/health", "/health/live", "/health/ready", "/readyz", "/version"];

/// The routes of the probes.
pub(crate) fn routes() -> Router<ApiState> {
    Router::new()
        .route("/health", get(alive::handler))
        .route("/health/live", get(alive::handler))
        .route("/health/ready", get(ready::handler))
        .route("/readyz", get(ready::handler))
        .route("/version", get(version::handler))
}
