//! `GET /cache`: figures of the cache; with `?key=` one key.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use crate::authorization::CacheRead;
use crate::cache_admin::details::Details;
use crate::cache_admin::stats::StatsBody;
use crate::error::ApiError;
use crate::parameters::Parameters;
use crate::state::ApiState;

/// Answers 503 only when no node at all answers; otherwise the answer names those that do not.
pub(super) async fn handler(
    _authorized: CacheRead,
    State(state): State<ApiState>,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    if let Some(key) = parameters.key()? {
        return Ok(Json(Details::read(&state, &key).await?).into_response());
    }
    let stats = state.read(state.keyspace()?.stats()).await?;
    if stats.nodes.is_empty() && !stats.unreachable.is_empty() {
        return Err(ApiError::Unreachable(stats.unreachable));
    }
    Ok(Json(StatsBody::of(stats)).into_response())
}
