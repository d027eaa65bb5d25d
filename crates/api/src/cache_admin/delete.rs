//! `DELETE /cache/keys/{key}`, `DELETE /cache/{key}`: removes one key. Removing named keys, for other routes too.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use cache::CacheClient;
use http::Uri;
use serde::Serialize;

use crate::authorization::CacheWrite;
use crate::deletion::DeletionAudit;
use crate::error::ApiError;
use crate::key_name::key_of_path;
use crate::parameters::Parameters;
use crate::state::ApiState;

/// How many keys existed and are gone.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deleted {
    deleted: u64,
    deleted_count: u64,
}

/// Answers 200 also for a key that is not there, with `deleted: 0`.
#[utoipa::path(
    delete,
    path = "/cache/keys/{key}",
    tag = "cache",
    operation_id = "deleteCacheKey",
    params(("key" = String, Path, description = "The key, percent-encoded")),
    responses((status = 200, description = "How many were removed", body = Value, example = json!({"deleted": 1, "deletedCount": 1}))),
    security(("apiKey" = ["backoffice:tm:cache:write"])),
)]
pub(super) async fn handler(
    authorized: CacheWrite,
    State(state): State<ApiState>,
    uri: Uri,
    parameters: Parameters,
) -> Result<Json<Deleted>, ApiError> {
    parameters.refuse_dry_run()?;
    delete_keys(&state, &authorized, &[key_of_path(&uri)]).await.map(Json)
}

/// Removes keys by their exact names. They may be of any program: who names a key means it.
pub(super) async fn delete_keys(
    state: &ApiState,
    authorized: &CacheWrite,
    keys: &[Bytes],
) -> Result<Deleted, ApiError> {
    let cache = state.cache()?;
    let audit = DeletionAudit::of_request(authorized, state).begin_keys(keys).await;
    let outcome = cache.del(keys).await;
    // Also a failed one is recorded: it may have removed some of them.
    audit.record(outcome.as_ref().ok().copied()).await;
    let deleted = outcome?;
    Ok(Deleted { deleted, deleted_count: deleted })
}
