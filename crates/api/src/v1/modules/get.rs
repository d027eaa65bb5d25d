//! `GET …/modules/{module}`: the backing stores of a module, without secrets.

use axum::Json;
use axum::extract::State;

use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::path::OfModule;
use crate::permission::AssociationsRead;
use crate::state::ApiState;
use crate::v1::resources::ModuleBody;

/// The backing stores of a module, without secrets.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenantId}/associations/{service}/modules/{module}",
    tag = "associations",
    operation_id = "getModule",
    params(
        ("tenantId" = String, Path, description = "Id, with or without dashes"),
        ("service" = String, Path, description = "The service"),
        ("module" = String, Path, description = "The module"),
    ),
    responses(
        (status = 200, description = "The backing stores", body = ModuleBody),
        (status = 404, description = "There are none", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:associations:read"])),
)]
pub(super) async fn handler(
    authorized: Authorized<AssociationsRead>,
    State(state): State<ApiState>,
    OfModule(path): OfModule,
) -> Result<Json<ModuleBody>, ApiError> {
    let resources = state.use_cases().modules.get(&path, &authorized.actor()).await?;
    Ok(Json(ModuleBody::from(&resources)))
}
