//! `DELETE /cache`: removes the keys that are named, or with `all=true&confirm=true` every key of this service.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;

use crate::authorization::CacheWrite;
use crate::cache_admin::delete::delete_keys;
use crate::deletion::{DeletionPlan, DeletionWish, answer_deletion};
use crate::error::ApiError;
use crate::parameters::Parameters;
use crate::state::ApiState;

/// Keys of other programs stay: nothing here flushes a database.
pub(super) async fn handler(
    authorized: CacheWrite,
    State(state): State<ApiState>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let keys = parameters.keys()?;
    let all = parameters.flag("all")?;
    match (keys.is_empty(), all) {
        (false, false) => Ok(Json(delete_keys(&state, &authorized, &keys).await?).into_response()),
        (true, true) => {
            let plan = DeletionPlan::of(DeletionWish::everything(&parameters)?)?;
            answer_deletion(&state, &authorized, plan, &headers).await
        }
        // Both at once contradict each other.
        (true, false) | (false, true) => Err(ApiError::NothingToDelete),
    }
}
