//! `POST …/m2m/{application}/{target}`: makes a credential for a service of the platform.

use axum::extract::State;
use axum::response::Response;
use domain::Invalid;
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

/// Makes a credential with which an application calls a service of the platform for a tenant. The secret goes to the secrets
/// backend, under each spelling of the tenant's id.
#[utoipa::path(
    post,
    path = "/v1/tenants/{tenantId}/m2m/{application}/{target}",
    tag = "credentials",
    operation_id = "createM2m",
    params(
        ("tenantId" = String, Path, description = "Id, with or without dashes"),
        ("application" = String, Path, pattern = "^[A-Za-z0-9_+=.@-]+$", max_length = 64, description = "Who calls, as it looks for its secrets"),
        ("target" = String, Path, pattern = "^[A-Za-z0-9_+=.@-]+$", max_length = 64, description = "What is called"),
        ("reveal" = Option<bool>, Query, description = "Whether the answer shows the client's secret"),
    ),
    request_body = M2mIn,
    responses(
        (status = 201, description = "Where the secret is", body = M2mOut),
        (status = 404, description = "There is no such tenant", body = crate::openapi::ErrorOut),
        (status = 409, description = "There is one already", body = crate::openapi::ErrorOut),
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
    let Asked::Client(secret) = input.check()? else {
        return Err(Invalid::one("rotate", "asks for a client that is there: use PUT").into());
    };
    let answer = |view: &CredentialView| json(StatusCode::CREATED, &M2mOut::of(&path, view, reveal));
    let credentials = &state.use_cases().credentials;
    write(&authorized, answer, async |writing| credentials.create_m2m(&path, secret, writing).await).await
}
