//! `PUT …/modules/{module}`: replaces the backing stores of a module.

use axum::extract::State;
use axum::response::Response;
use domain::{Invalid, ModuleResources};
use http::StatusCode;
use tenancy::Draft;

use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::json_input::JsonInput;
use crate::path::OfModule;
use crate::permission::AssociationsWrite;
use crate::state::ApiState;
use crate::v1::resources::ModuleBody;
use crate::write::{json, write};

/// Replaces all backing stores of a module. The passwords go to the secrets backend; the answer has none.
#[utoipa::path(
    put,
    path = "/v1/tenants/{tenantId}/associations/{service}/modules/{module}",
    tag = "associations",
    operation_id = "putModule",
    params(
        ("tenantId" = String, Path, description = "Id, with or without dashes"),
        ("service" = String, Path, description = "The service"),
        ("module" = String, Path, description = "A module that the service is registered with"),
    ),
    request_body = ModuleBody,
    responses(
        (status = 200, description = "The backing stores as they are now", body = ModuleBody),
        (status = 404, description = "There is no such association or module", body = crate::openapi::ErrorOut),
        (status = 422, description = "A value makes no sense", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:associations:write"])),
)]
pub(super) async fn handler(
    authorized: Authorized<AssociationsWrite>,
    State(state): State<ApiState>,
    OfModule(path): OfModule,
    JsonInput(input): JsonInput<ModuleBody>,
) -> Result<Response, ApiError> {
    let mut invalid = Invalid::default();
    let wish = input.given("", &mut invalid);
    let answer = |resources: &ModuleResources| json(StatusCode::OK, &ModuleBody::from(resources));
    let modules = &state.use_cases().modules;
    write(&authorized, answer, async |writing| modules.put(&path, Draft { wish, invalid }, writing).await)
        .await
}
