//! `POST …/external/{application}/{target}`: makes a credential for somebody else's service.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use tenancy::CredentialView;

use super::body::ExternalIn;
use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::json_input::JsonInput;
use crate::path::OfExternal;
use crate::permission::M2mWrite;
use crate::state::ApiState;
use crate::v1::credentials::credential_out::CredentialOut;
use crate::write::{json, write};

/// Makes a credential with which an application calls somebody else's service for a tenant: texts by name. They go to the
/// secrets backend, under each spelling of the tenant's id, and no answer shows them.
#[utoipa::path(
    post,
    path = "/v1/tenants/{tenantId}/external/{application}/{target}",
    tag = "credentials",
    operation_id = "createExternal",
    params(
        ("tenantId" = String, Path, description = "Id, with or without dashes"),
        ("application" = String, Path, pattern = "^[A-Za-z0-9_+=.@-]+$", max_length = 64, description = "Who calls, as it looks for its secrets"),
        ("target" = String, Path, pattern = "^[A-Za-z0-9_+=.@-]+$", max_length = 64, description = "What is called"),
    ),
    request_body = ExternalIn,
    responses(
        (status = 201, description = "Where the secret is", body = CredentialOut),
        (status = 404, description = "There is no such tenant", body = crate::openapi::ErrorOut),
        (status = 409, description = "There is one already", body = crate::openapi::ErrorOut),
        (status = 422, description = "A value makes no sense", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:m2m:write"])),
)]
pub(super) async fn handler(
    authorized: Authorized<M2mWrite>,
    State(state): State<ApiState>,
    OfExternal(path): OfExternal,
    JsonInput(input): JsonInput<ExternalIn>,
) -> Result<Response, ApiError> {
    let answer = |view: &CredentialView| json(StatusCode::CREATED, &CredentialOut::of(&path, view));
    let credentials = &state.use_cases().credentials;
    let secret = input.into();
    write(&authorized, answer, async |writing| credentials.create_external(&path, secret, writing).await)
        .await
}
