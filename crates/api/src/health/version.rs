//! `GET /version`: what is running.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::date::rfc3339;
use crate::state::ApiState;

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Version {
    version: String,
    request_date: String,
}

/// Always 200.
pub(super) async fn handler(State(state): State<ApiState>) -> Json<Version> {
    let version = state.readiness().version().to_owned();
    Json(Version { version, request_date: rfc3339(state.clock().now()) })
}
