//! `GET /v1/services`: all registered services.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::service_body::ServiceOut;
use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::permission::ServicesRead;
use crate::state::ApiState;

/// All services, by name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ServicesOut {
    items: Vec<ServiceOut>,
}

/// All registered services.
#[utoipa::path(
    get,
    path = "/v1/services",
    tag = "services",
    operation_id = "listServices",
    responses((status = 200, description = "All of them", body = ServicesOut)),
    security(("apiKey" = ["backoffice:tm:services:read"])),
)]
pub(super) async fn handler(
    _authorized: Authorized<ServicesRead>,
    State(state): State<ApiState>,
) -> Result<Json<ServicesOut>, ApiError> {
    let services = state.use_cases().services.list().await?;
    Ok(Json(ServicesOut { items: services.iter().map(ServiceOut::of).collect() }))
}
