//! `GET /health`, `GET /health/live`: the process answers. Says nothing about what it depends on.

use axum::Json;
use serde::Serialize;

/// The answer.
#[derive(Serialize)]
pub(super) struct Alive {
    status: &'static str,
}

/// Always 200.
pub(super) async fn handler() -> Json<Alive> {
    Json(Alive { status: "healthy" })
}
