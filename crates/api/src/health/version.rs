//! `GET /version`: what is running.

use axum::Json;
use axum::extract::State;
use domain::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::ApiState;

/// The answer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Version {
    version: String,
    request_date: String,
}

/// Always 200.
#[utoipa::path(
    get,
    path = "/version",
    tag = "probes",
    operation_id = "version",
    responses((status = 200, description = "What is running", body = Version)),
)]
pub(super) async fn handler(State(state): State<ApiState>) -> Json<Version> {
    let version = state.readiness().version().to_owned();
    Json(Version { version, request_date: Timestamp::from(state.clock().now()).to_string() })
}
