//! `DELETE /v1/services/{service}/api-keys/{keyId}` and `DELETE /v1/api-keys/{keyId}`: withdraw a key.

use axum::extract::State;
use axum::response::Response;
use domain::{ApiKeyEntry, Invalid};
use http::StatusCode;
use serde::Deserialize;
use tenancy::{Granting, KeyPath};
use utoipa::ToSchema;

use super::api_key_out::ApiKeyOut;
use crate::authorization::Authorized;
use crate::error::{ApiError, ParameterProblem};
use crate::json_input::OptionalInput;
use crate::parameters::{Parameters, QueryParameters};
use crate::path::{OfKey, OfServiceKey};
use crate::permission::ApiKeysWrite;
use crate::state::ApiState;
use crate::write::{json, write};

/// Why it is withdrawn.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct RevokeIn {
    /// For whoever looks at the key later: 200 characters at most.
    #[schema(example = "leaked in a log", max_length = 200)]
    reason: Option<String>,
}

/// Withdraws a key of a service with every text it has, at once and for ever.
#[utoipa::path(
    delete,
    path = "/v1/services/{service}/api-keys/{keyId}",
    tag = "api keys",
    operation_id = "revokeApiKey",
    params(
        ("service" = String, Path, description = "The service"),
        ("keyId" = String, Path, description = "Id of the key"),
        ("reason" = Option<String>, Query, description = "Why, for clients that send no body with a DELETE"),
    ),
    request_body = Option<RevokeIn>,
    responses(
        (status = 200, description = "Withdrawn", body = ApiKeyOut),
        (status = 404, description = "There is none", body = crate::openapi::ErrorOut),
        (status = 409, description = "It is withdrawn already", body = crate::openapi::ErrorOut),
        (status = 422, description = "The reason is too long", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:api-keys:write"])),
)]
pub(super) async fn of_service(
    authorized: Authorized<ApiKeysWrite>,
    State(state): State<ApiState>,
    OfServiceKey { service, id }: OfServiceKey,
    QueryParameters(parameters): QueryParameters,
    OptionalInput(input): OptionalInput<RevokeIn>,
) -> Result<Response, ApiError> {
    revoke(&authorized, &state, KeyPath { service: Some(&service), id: &id }, &parameters, input).await
}

/// Withdraws a key of no service with every text it has, at once and for ever.
#[utoipa::path(
    delete,
    path = "/v1/api-keys/{keyId}",
    tag = "api keys",
    operation_id = "revokeOperatorApiKey",
    params(
        ("keyId" = String, Path, description = "Id of the key"),
        ("reason" = Option<String>, Query, description = "Why, for clients that send no body with a DELETE"),
    ),
    request_body = Option<RevokeIn>,
    responses(
        (status = 200, description = "Withdrawn", body = ApiKeyOut),
        (status = 403, description = "The caller is a service", body = crate::openapi::ErrorOut),
        (status = 404, description = "There is none", body = crate::openapi::ErrorOut),
        (status = 409, description = "It is withdrawn already", body = crate::openapi::ErrorOut),
        (status = 422, description = "The reason is too long", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:api-keys:write"])),
)]
pub(super) async fn of_none(
    authorized: Authorized<ApiKeysWrite>,
    State(state): State<ApiState>,
    OfKey(id): OfKey,
    QueryParameters(parameters): QueryParameters,
    OptionalInput(input): OptionalInput<RevokeIn>,
) -> Result<Response, ApiError> {
    revoke(&authorized, &state, KeyPath { service: None, id: &id }, &parameters, input).await
}

async fn revoke(
    authorized: &Authorized<ApiKeysWrite>,
    state: &ApiState,
    path: KeyPath<'_>,
    parameters: &Parameters,
    input: RevokeIn,
) -> Result<Response, ApiError> {
    let given = match (parameters.text("reason")?, &input.reason) {
        (Some(_), Some(_)) => return Err(ApiError::parameter("reason", ParameterProblem::Repeated)),
        (in_query, in_body) => in_query.or(in_body.as_deref().map(Into::into)),
    };
    let mut invalid = Invalid::default();
    let reason = given.and_then(|text| invalid.take("reason", text.parse()));
    invalid.into_result()?;
    let ids = state.use_cases().tenant_ids;
    let answer = |key: &ApiKeyEntry| json(StatusCode::OK, &ApiKeyOut::of_changed(key, ids));
    let keys = &state.use_cases().api_keys;
    let granting = Granting(authorized.caller().scopes());
    write(authorized, answer, async |writing| keys.revoke(path, reason, granting, writing).await).await
}
