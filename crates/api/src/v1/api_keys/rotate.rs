//! `POST /v1/services/{service}/api-keys/{keyId}/rotate` and `POST /v1/api-keys/{keyId}/rotate`: give a key another text.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use domain::Invalid;
use http::StatusCode;
use serde::Deserialize;
use tenancy::{ApiKeys, Granting, KeyPath, MadeKey};
use utoipa::ToSchema;

use super::api_key_out::ApiKeyOut;
use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::json_input::OptionalInput;
use crate::path::{OfKey, OfServiceKey};
use crate::permission::ApiKeysWrite;
use crate::state::ApiState;
use crate::whole_number::WholeNumber;
use crate::write::{json, write};

/// How to replace it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct RotateIn {
    /// For how long the text before is good yet; never for longer than the key. 0 where there is none.
    #[schema(value_type = u64, maximum = 2592000, example = 3600)]
    overlap_seconds: WholeNumber,
}

/// Gives a key of a service another text and tells it, this once. The id stays.
#[utoipa::path(
    post,
    path = "/v1/services/{service}/api-keys/{keyId}/rotate",
    tag = "api keys",
    operation_id = "rotateApiKey",
    params(
        ("service" = String, Path, description = "The service"),
        ("keyId" = String, Path, description = "Id of the key"),
    ),
    request_body = Option<RotateIn>,
    responses(
        (status = 200, description = "The key with its new text", body = ApiKeyOut),
        (status = 403, description = "The caller has not what the key has", body = crate::openapi::ErrorOut),
        (status = 404, description = "There is none", body = crate::openapi::ErrorOut),
        (status = 409, description = "It is withdrawn, or has expired", body = crate::openapi::ErrorOut),
        (status = 422, description = "The overlap is too long", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:api-keys:write"])),
)]
pub(super) async fn of_service(
    authorized: Authorized<ApiKeysWrite>,
    State(state): State<ApiState>,
    OfServiceKey { service, id }: OfServiceKey,
    OptionalInput(input): OptionalInput<RotateIn>,
) -> Result<Response, ApiError> {
    rotate(&authorized, &state, KeyPath { service: Some(&service), id: &id }, input).await
}

/// Gives a key of no service another text and tells it, this once. The id stays.
#[utoipa::path(
    post,
    path = "/v1/api-keys/{keyId}/rotate",
    tag = "api keys",
    operation_id = "rotateOperatorApiKey",
    params(("keyId" = String, Path, description = "Id of the key")),
    request_body = Option<RotateIn>,
    responses(
        (status = 200, description = "The key with its new text", body = ApiKeyOut),
        (status = 403, description = "The caller has not what the key has, or is a service", body = crate::openapi::ErrorOut),
        (status = 404, description = "There is none", body = crate::openapi::ErrorOut),
        (status = 409, description = "It is withdrawn, or has expired", body = crate::openapi::ErrorOut),
        (status = 422, description = "The overlap is too long", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:api-keys:write"])),
)]
pub(super) async fn of_none(
    authorized: Authorized<ApiKeysWrite>,
    State(state): State<ApiState>,
    OfKey(id): OfKey,
    OptionalInput(input): OptionalInput<RotateIn>,
) -> Result<Response, ApiError> {
    rotate(&authorized, &state, KeyPath { service: None, id: &id }, input).await
}

async fn rotate(
    authorized: &Authorized<ApiKeysWrite>,
    state: &ApiState,
    path: KeyPath<'_>,
    input: RotateIn,
) -> Result<Response, ApiError> {
    let (field, range) = ("overlapSeconds", 0..=ApiKeys::MAX_OVERLAP.as_secs());
    let mut invalid = Invalid::default();
    let seconds = input.overlap_seconds.noted(&range, field, &mut invalid);
    invalid.check_range(field, &seconds, &range);
    invalid.into_result()?;
    let overlap = Duration::from_secs(seconds);
    let ids = state.use_cases().tenant_ids;
    let answer = |made: &MadeKey| json(StatusCode::OK, &ApiKeyOut::of_made(made, ids));
    let keys = &state.use_cases().api_keys;
    let granting = Granting(authorized.caller().scopes());
    write(authorized, answer, async |writing| keys.rotate(path, overlap, granting, writing).await).await
}
