//! `GET /v1/services/{service}/api-keys/{keyId}` and `GET /v1/api-keys/{keyId}`: one key.

use axum::Json;
use axum::extract::State;
use tenancy::KeyPath;

use super::api_key_out::ApiKeyOut;
use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::path::{OfKey, OfServiceKey};
use crate::permission::ApiKeysRead;
use crate::state::ApiState;

/// A key of a service without its text, also one that is revoked or has expired.
#[utoipa::path(
    get,
    path = "/v1/services/{service}/api-keys/{keyId}",
    tag = "api keys",
    operation_id = "getApiKey",
    params(
        ("service" = String, Path, description = "The service"),
        ("keyId" = String, Path, description = "Id of the key"),
    ),
    responses(
        (status = 200, description = "The key", body = ApiKeyOut),
        (status = 404, description = "There is none", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:api-keys:read"])),
)]
pub(super) async fn of_service(
    authorized: Authorized<ApiKeysRead>,
    State(state): State<ApiState>,
    OfServiceKey { service, id }: OfServiceKey,
) -> Result<Json<ApiKeyOut>, ApiError> {
    get(&authorized, &state, KeyPath { service: Some(&service), id: &id }).await
}

/// A key of no service without its text, also one that is revoked or has expired.
#[utoipa::path(
    get,
    path = "/v1/api-keys/{keyId}",
    tag = "api keys",
    operation_id = "getOperatorApiKey",
    params(("keyId" = String, Path, description = "Id of the key")),
    responses(
        (status = 200, description = "The key", body = ApiKeyOut),
        (status = 404, description = "There is none", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:api-keys:read"])),
)]
pub(super) async fn of_none(
    authorized: Authorized<ApiKeysRead>,
    State(state): State<ApiState>,
    OfKey(id): OfKey,
) -> Result<Json<ApiKeyOut>, ApiError> {
    get(&authorized, &state, KeyPath { service: None, id: &id }).await
}

async fn get(
    authorized: &Authorized<ApiKeysRead>,
    state: &ApiState,
    path: KeyPath<'_>,
) -> Result<Json<ApiKeyOut>, ApiError> {
    let view = state.use_cases().api_keys.get(path, &authorized.actor()).await?;
    Ok(Json(ApiKeyOut::of(&view, state.use_cases().tenant_ids)))
}
