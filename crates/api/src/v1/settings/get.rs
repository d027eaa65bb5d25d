//! `GET /v1/tenants/{tenantId}/settings?service=`.

use axum::Json;
use axum::extract::{Request, State};
use domain::Scope;

use super::settings_out::SettingsOut;
use crate::authorization::caller_of;
use crate::error::ApiError;
use crate::parameters::Parameters;
use crate::path::OfTenant;
use crate::reader::ServiceReader;
use crate::state::ApiState;

/// The settings of a tenant for a service; none, of version 0, before they were first given. A service key reads its own.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenantId}/settings",
    tag = "settings",
    operation_id = "getSettings",
    params(
        ("tenantId" = String, Path, description = "Id, with or without dashes"),
        ("service" = String, Query, min_length = 1, description = "The service"),
    ),
    responses(
        (status = 200, description = "The settings", body = SettingsOut),
        (status = 400, description = "No service was named", body = crate::openapi::ErrorOut),
        (status = 403, description = "The key is of another service", body = crate::openapi::ErrorOut),
        (status = 404, description = "There is no such tenant, or it has no such service", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:associations:read"])),
)]
pub(super) async fn handler(
    State(state): State<ApiState>,
    OfTenant(tenant): OfTenant,
    request: Request,
) -> Result<Json<SettingsOut>, ApiError> {
    let (parts, _body) = request.into_parts();
    let parameters = Parameters::of_query(parts.uri.query());
    let service = parameters.service()?;
    let reader = ServiceReader::of(caller_of(&parts)?, &service, &Scope::ASSOCIATIONS_READ)?;
    let service = service.parse().map_err(|_| ApiError::NoSuch { what: "service" })?;
    // With the connections, which are asked for as often; also those of a tenant that is kept out.
    let found = state.use_cases().connections.find(&tenant, &service, reader.binding()).await?;
    Ok(Json(SettingsOut::of(&service, &found.settings)))
}
