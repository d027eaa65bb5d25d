//! `DELETE /v1/services/{service}/api-keys/{keyId}`: withdraws a key.

use axum::extract::State;
use axum::response::Response;
use domain::ServiceKey;
use http::StatusCode;
use tenancy::Granting;

use super::api_key_out::ApiKeyOut;
use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::path::OfServiceKey;
use crate::permission::ApiKeysWrite;
use crate::state::ApiState;
use crate::write::{json, write};

/// Withdraws a key with every text it has, at once and for ever.
#[utoipa::path(
    delete,
    path = "/v1/services/{service}/api-keys/{keyId}",
    tag = "api keys",
    operation_id = "revokeApiKey",
    params(
        ("service" = String, Path, description = "The service"),
        ("keyId" = String, Path, description = "Id of the key"),
    ),
    responses(
        (status = 200, description = "Withdrawn", body = ApiKeyOut),
        (status = 404, description = "There is none", body = crate::openapi::ErrorOut),
        (status = 409, description = "It is withdrawn already", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:api-keys:write"])),
)]
pub(super) async fn handler(
    authorized: Authorized<ApiKeysWrite>,
    State(state): State<ApiState>,
    OfServiceKey { service, id }: OfServiceKey,
) -> Result<Response, ApiError> {
    let answer = |key: &ServiceKey| json(StatusCode::OK, &ApiKeyOut::of(key));
    let keys = &state.use_cases().service_keys;
    let granting = Granting(authorized.caller().scopes());
    write(&authorized, answer, async |writing| keys.revoke(&service, &id, granting, writing).await).await
}
