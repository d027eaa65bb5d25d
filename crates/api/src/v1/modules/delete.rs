//! `DELETE …/modules/{module}`: takes all backing stores from a module.

use axum::extract::State;
use axum::response::Response;
use domain::ModuleResources;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::path::OfModule;
use crate::permission::AssociationsWrite;
use crate::state::ApiState;
use crate::write::{json, write};

/// What was removed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RemovedModuleOut {
    module: String,
    /// Always `removed`.
    status: &'static str,
}

/// Takes all backing stores from a module of an association.
#[utoipa::path(
    delete,
    path = "/v1/tenants/{tenantId}/associations/{service}/modules/{module}",
    tag = "associations",
    operation_id = "deleteModule",
    params(
        ("tenantId" = String, Path, description = "Id, with or without dashes"),
        ("service" = String, Path, description = "The service"),
        ("module" = String, Path, description = "The module"),
    ),
    responses(
        (status = 200, description = "Removed", body = RemovedModuleOut),
        (status = 404, description = "There was nothing", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:associations:write"])),
)]
pub(super) async fn handler(
    authorized: Authorized<AssociationsWrite>,
    State(state): State<ApiState>,
    OfModule(path): OfModule,
) -> Result<Response, ApiError> {
    let answer = |_none: &ModuleResources| {
        json(StatusCode::OK, &RemovedModuleOut { module: path.module.to_string(), status: "removed" })
    };
    let modules = &state.use_cases().modules;
    write(&authorized, answer, async |writing| modules.delete(&path, writing).await).await
}
