//! `GET /v1/services/{service}`.

use axum::Json;
use axum::extract::State;

use super::service_body::ServiceOut;
use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::path::OfService;
use crate::permission::ServicesRead;
use crate::state::ApiState;

/// A registered service.
#[utoipa::path(
    get,
    path = "/v1/services/{service}",
    tag = "services",
    operation_id = "getService",
    params(("service" = String, Path, description = "Its name")),
    responses(
        (status = 200, description = "The service", body = ServiceOut),
        (status = 404, description = "There is none", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:services:read"])),
)]
pub(super) async fn handler(
    _authorized: Authorized<ServicesRead>,
    State(state): State<ApiState>,
    OfService(name): OfService,
) -> Result<Json<ServiceOut>, ApiError> {
    Ok(Json(ServiceOut::of(&state.use_cases().services.get(&name).await?)))
}
