//! `DELETE …/m2m/{application}/{target}`: removes a credential for a service of the platform.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::path::OfM2m;
use crate::permission::M2mWrite;
use crate::state::ApiState;
use crate::v1::credentials::credential_out::RemovedCredentialOut;
use crate::write::{json, write};

/// Removes a credential. Its secret is removed from the secrets backend five minutes later.
#[utoipa::path(
    delete,
    path = "/v1/tenants/{tenantId}/m2m/{application}/{target}",
    tag = "credentials",
    operation_id = "deleteM2m",
    params(
        ("tenantId" = String, Path, description = "Id, with or without dashes"),
        ("application" = String, Path, pattern = "^[A-Za-z0-9_+=.@-]+$", max_length = 64, description = "Who calls, as it looks for its secrets"),
        ("target" = String, Path, pattern = "^[A-Za-z0-9_+=.@-]+$", max_length = 64, description = "What is called"),
    ),
    responses(
        (status = 200, description = "Removed", body = RemovedCredentialOut),
        (status = 404, description = "There was none", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:m2m:write"])),
)]
pub(super) async fn handler(
    authorized: Authorized<M2mWrite>,
    State(state): State<ApiState>,
    OfM2m(path): OfM2m,
) -> Result<Response, ApiError> {
    let answer = |(): &()| json(StatusCode::OK, &RemovedCredentialOut::of(&path));
    let credentials = &state.use_cases().credentials;
    write(&authorized, answer, async |writing| credentials.delete(&path, writing).await).await
}
