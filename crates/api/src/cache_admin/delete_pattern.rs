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
#[utoipa::path(
    method(post, delete),
    path = "/cache/pattern",
    tag = "cache",
    operation_id = "deleteCachePattern",
    params(
        ("pattern" = String, Query, min_length = 1, description = "Valkey glob"),
        ("tenantId" = Option<String>, Query, min_length = 1, description = "Only keys of this tenant"),
        ("dryRun" = Option<bool>, Query, description = "Count, and remove nothing"),
        ("confirm" = Option<bool>, Query, description = "A pattern that matches everything is meant"),
    ),
    responses(
        (status = 200, description = "What was removed", body = Value, example = json!({"pattern": "m2m:*", "deleted": 3, "deletedCount": 3, "complete": true})),
        (status = 400, description = "The pattern is wrong, or not confirmed", body = crate::openapi::ErrorOut),
        (status = 429, description = "Too many deletions run", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:cache:write"])),
)]
pub(super) async fn handler(
    authorized: CacheWrite,
    State(state): State<ApiState>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let plan = DeletionPlan::of(DeletionWish::of(&parameters)?)?;
    answer_deletion(&state, &authorized, plan, &headers).await
}
