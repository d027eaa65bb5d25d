//! `GET /health`, `GET /health/live`: the process answers. Says nothing about what it depends on.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// The answer.
#[derive(Serialize, ToSchema)]
pub(super) struct Alive {
    #[schema(example = "healthy")]
    status: &'static str,
}

/// Always 200.
#[utoipa::path(
    get,
    path = "/health",
    tag = "probes",
    operation_id = "health",
    responses((status = 200, description = "The process answers", body = Alive)),
)]
pub(super) async fn handler() -> Json<Alive> {
    Json(Alive { status: "healthy" })
}
