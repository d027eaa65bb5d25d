//! `GET /v1/services/{service}/modules`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::service_body::ModuleEntry;
use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::path::OfService;
use crate::permission::ServicesRead;
use crate::state::ApiState;

/// All modules of a service, by name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ModulesOut {
    items: Vec<ModuleEntry>,
}

/// The modules of a service with what each may own.
#[utoipa::path(
    get,
    path = "/v1/services/{service}/modules",
    tag = "services",
    operation_id = "listServiceModules",
    params(("service" = String, Path, description = "Its name")),
    responses(
        (status = 200, description = "All of them", body = ModulesOut),
        (status = 404, description = "There is no such service", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:services:read"])),
)]
pub(super) async fn handler(
    _authorized: Authorized<ServicesRead>,
    State(state): State<ApiState>,
    OfService(name): OfService,
) -> Result<Json<ModulesOut>, ApiError> {
    let named = state.use_cases().services.get(&name).await?;
    Ok(Json(ModulesOut { items: ModuleEntry::all(&named.service.modules) }))
}
