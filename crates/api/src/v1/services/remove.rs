//! `DELETE /v1/services/{service}`: removes a service that no tenant has.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use tenancy::NamedService;

use super::service_body::ServiceOut;
use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::path::OfService;
use crate::permission::ServicesWrite;
use crate::state::ApiState;
use crate::write::{json, write};

/// Removes a service that no tenant has, and answers with what it was.
#[utoipa::path(
    delete,
    path = "/v1/services/{service}",
    tag = "services",
    operation_id = "removeService",
    params(("service" = String, Path, description = "Its name")),
    responses(
        (status = 200, description = "Removed", body = ServiceOut),
        (status = 404, description = "There is none", body = crate::openapi::ErrorOut),
        (status = 409, description = "Tenants have it, or it has API keys", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:services:write"])),
)]
pub(super) async fn handler(
    authorized: Authorized<ServicesWrite>,
    State(state): State<ApiState>,
    OfService(name): OfService,
) -> Result<Response, ApiError> {
    let answer = |named: &NamedService| json(StatusCode::OK, &ServiceOut::of(named));
    let services = &state.use_cases().services;
    write(&authorized, answer, async |writing| services.remove(&name, writing).await).await
}
