//! `PUT …/m2m/{application}/{target}`: makes or replaces a credential for a service of the platform.

use axum::extract::State;
use axum::response::Response;
use http::{StatusCode, Uri};
use tenancy::CredentialView;

use super::body::{Asked, M2mIn, M2mOut};
use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::json_input::JsonInput;
use crate::parameters::Parameters;
use crate::path::OfM2m;
use crate::permission::M2mWrite;
use crate::state::ApiState;
use crate::write::{json, write};

/// Makes such a credential, or puts it in place of the one that is there; with `rotate`, that one gets another secret.
#[utoipa::path(
    put,
    path = "/v1/tenants/{tenantId}/m2m/{application}/{target}",
    tag = "credentials",
    operation_id = "putM2m",
    params(
        ("tenantId" = String, Path, description = "Id, with or without dashes"),
        ("application" = String, Path, pattern = "^[A-Za-z0-9_+=.@-]+$", max_length = 64, description = "Who calls, as it looks for its secrets"),
        ("target" = String, Path, pattern = "^[A-Za-z0-9_+=.@-]+$", max_length = 64, description = "What is called"),
        ("reveal" = Option<bool>, Query, description = "Whether the answer shows the client's secret"),
    ),
    request_body = M2mIn,
    responses(
        (status = 200, description = "Where the secret is", body = M2mOut),
        (status = 404, description = "There is no such tenant, or nothing to rotate", body = crate::openapi::ErrorOut),
        (status = 422, description = "A value makes no sense", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:m2m:write"])),
)]
pub(super) async fn handler(
    authorized: Authorized<M2mWrite>,
    State(state): State<ApiState>,
    OfM2m(path): OfM2m,
    uri: Uri,
    JsonInput(input): JsonInput<M2mIn>,
) -> Result<Response, ApiError> {
    let reveal = Parameters::of_query(uri.query()).flag("reveal")?;
    let asked = input.check()?;
    let answer = |view: &CredentialView| json(StatusCode::OK, &M2mOut::of(&path, view, reveal));
    let credentials = &state.use_cases().credentials;
    write(&authorized, answer, async |writing| match asked {
        Asked::Client(secret) => credentials.put_m2m(&path, secret, writing).await,
        Asked::Rotation => credentials.rotate_m2m(&path, writing).await,
    })
    .await
}
