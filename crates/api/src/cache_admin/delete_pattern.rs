//! `DELETE /cache/pattern`, `POST /cache/pattern`: removes what matches a pattern, or counts it.

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;

use crate::authorization::CacheWrite;
use crate::deletion::{DeletionPlan, DeletionWish, answer_deletion};
use crate::error::ApiError;
use crate::parameters::Parameters;
use crate::state::ApiState;

/// One JSON document, or events while it runs with `Accept: text/event-stream`.
pub(super) async fn handler(
    authorized: CacheWrite,
    State(state): State<ApiState>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let plan = DeletionPlan::of(DeletionWish::of(&parameters)?)?;
    answer_deletion(&state, &authorized, plan, &headers).await
}
