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
pub(super) async fn handler(
    _authorized: CacheRead,
    State(state): State<ApiState>,
    uri: Uri,
) -> Result<Json<KeyReport>, ApiError> {
    state.read(KeyReport::read(&state.keyspace()?, &key_of_path(&uri))).await.map(Json)
}
