//! `PUT …/external/{application}/{target}`: makes or replaces a credential for somebody else's service.

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

/// Makes such a credential, or puts it in place of the one that is there.
#[utoipa::path(
    put,
    path = "/v1/tenants/{tenantId}/external/{application}/{target}",
    tag = "credentials",
    operation_id = "putExternal",
    params(
        ("tenantId" = String, Path, description = "Id, with or without dashes"),
        ("application" = String, Path, pattern = "^[A-Za-z0-9_+=.@-]+$", max_length = 64, description = "Who calls, as it looks for its secrets"),
        ("target" = String, Path, pattern = "^[A-Za-z0-9_+=.@-]+$", max_length = 64, description = "What is called"),
    ),
    request_body = ExternalIn,
    responses(
        (status = 200, description = "Where the secret is", body = CredentialOut),
        (status = 404, description = "There is no such tenant", body = crate::openapi::ErrorOut),
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
    let answer = |view: &CredentialView| json(StatusCode::OK, &CredentialOut::of(&path, view));
    let credentials = &state.use_cases().credentials;
    let secret = input.into();
    write(&authorized, answer, async |writing| credentials.put_external(&path, secret, writing).await).await
}
