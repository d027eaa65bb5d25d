//! `GET /cache/keys/{key}`, `GET /cache/{key}`: one key.

use axum::Json;
use axum::extract::State;
use http::Uri;

use crate::authorization::CacheRead;
use crate::cache_admin::details::KeyReport;
use crate::error::ApiError;
use crate::key_name::key_of_path;
use crate::state::ApiState;

/// Answers 200 also for a key that is not there, with `exists: false`.
#[utoipa::path(
    get,
    path = "/cache/keys/{key}",
    tag = "cache",
    operation_id = "getCacheKey",
    params(("key" = String, Path, description = "The key, percent-encoded")),
    responses((status = 200, description = "The key, also one that is not there", body = Value, example = json!({"key": "ratelimit:default:key-1", "exists": true, "type": "string"}))),
    security(("apiKey" = ["backoffice:tm:cache:read"])),
)]
pub(super) async fn handler(
    _authorized: CacheRead,
    State(state): State<ApiState>,
    uri: Uri,
) -> Result<Json<KeyReport>, ApiError> {
    state.read(KeyReport::read(&state.keyspace()?, &key_of_path(&uri))).await.map(Json)
}
