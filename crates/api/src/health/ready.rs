//! `GET /health/ready`, `GET /readyz`: whether this replica should get requests.

use axum::Json;
use axum::extract::State;
use http::StatusCode;

use crate::readiness::ReadinessReport;
use crate::state::ApiState;

/// 200 when ready, also when degraded; 503 otherwise.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "probes",
    operation_id = "ready",
    responses(
        (status = 200, description = "Ready, perhaps degraded", body = Value, example = json!({"status": "healthy", "checks": {"redis": {"status": "up"}}})),
        (status = 503, description = "Not ready", body = Value),
    ),
)]
pub(super) async fn handler(State(state): State<ApiState>) -> (StatusCode, Json<ReadinessReport>) {
    let report = state.readiness().report().await;
    let status = if report.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report))
}
