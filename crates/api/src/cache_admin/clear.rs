//! `DELETE /cache`: removes the keys that are named, or with `all=true&confirm=true` every key of this service.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;

use crate::authorization::CacheWrite;
use crate::cache_admin::delete::delete_keys;
use crate::deletion::{DeletionPlan, DeletionWish, answer_deletion};
use crate::error::{ApiError, ParameterProblem};
use crate::parameters::Parameters;
use crate::state::ApiState;

/// Keys of other programs stay: nothing here flushes a database.
#[utoipa::path(
    delete,
    path = "/cache",
    tag = "cache",
    operation_id = "clearCache",
    params(
        ("key" = Option<String>, Query, description = "A key to remove; may be repeated"),
        ("all" = Option<bool>, Query, description = "Every key of this service; needs `confirm=true`"),
        ("confirm" = Option<bool>, Query, description = "It is meant"),
        ("dryRun" = Option<bool>, Query, description = "Count, and remove nothing"),
    ),
    responses(
        (status = 200, description = "What was removed", body = Value, example = json!({"deleted": 3, "deletedCount": 3})),
        (status = 400, description = "Nothing was named, or not confirmed", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:cache:write"])),
)]
pub(super) async fn handler(
    authorized: CacheWrite,
    State(state): State<ApiState>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    if parameters.flag("all")? {
        for name in ["pattern", "key", "keys", "keyBase64"] {
            if parameters.is_given(name) {
                return Err(ApiError::parameter(name, ParameterProblem::Beside("all=true")));
            }
        }
        let plan = DeletionPlan::of(DeletionWish::everything(&parameters)?)?;
        return answer_deletion(&state, &authorized, plan, &headers).await;
    }
    let keys = parameters.keys()?;
    if keys.is_empty() {
        return Err(ApiError::NothingToDelete);
    }
    parameters.refuse_dry_run()?;
    // It changes nothing here, and what is no flag is refused all the same.
    parameters.flag("confirm")?;
    Ok(Json(delete_keys(&state, &authorized, &keys).await?).into_response())
}
