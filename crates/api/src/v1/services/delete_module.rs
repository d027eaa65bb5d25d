//! `DELETE /v1/services/{service}/modules/{module}`: removes a module from the catalogue.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use tenancy::NamedService;

use super::service_body::ServiceOut;
use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::path::OfServiceModule;
use crate::permission::ServicesWrite;
use crate::state::ApiState;
use crate::write::{json, write};

/// Removes a module from the catalogue. Tenants keep what they have of it.
#[utoipa::path(
    delete,
    path = "/v1/services/{service}/modules/{module}",
    tag = "services",
    operation_id = "deleteServiceModule",
    params(
        ("service" = String, Path, description = "Name of the service"),
        ("module" = String, Path, description = "Name of the module"),
    ),
    responses(
        (status = 200, description = "The service as it is now", body = ServiceOut),
        (status = 404, description = "There is no such service or module", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:services:write"])),
)]
pub(super) async fn handler(
    authorized: Authorized<ServicesWrite>,
    State(state): State<ApiState>,
    OfServiceModule { service, module }: OfServiceModule,
) -> Result<Response, ApiError> {
    let answer = |named: &NamedService| json(StatusCode::OK, &ServiceOut::of(named));
    let services = &state.use_cases().services;
    write(&authorized, answer, async |writing| services.remove_module(&service, &module, writing).await).await
}
