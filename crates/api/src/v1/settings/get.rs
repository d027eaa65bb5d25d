//! `GET /v1/tenants/{tenantId}/settings?service=`.

use axum::Json;
use axum::extract::{Request, State};
use domain::Actor;

use super::settings_out::SettingsOut;
use crate::authorization::caller_of;
use crate::error::{ApiError, ParameterProblem};
use crate::parameters::Parameters;
use crate::path::OfTenant;
use crate::reader::ConnectionsReader;
use crate::state::ApiState;

/// The settings of a tenant for a service; none, of version 0, before they were first given. A service key reads its own.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenantId}/settings",
    tag = "settings",
    operation_id = "getSettings",
    params(
        ("tenantId" = String, Path, description = "Id, with or without dashes"),
        ("service" = String, Query, description = "The service"),
    ),
    responses(
        (status = 200, description = "The settings", body = SettingsOut),
        (status = 404, description = "There is no such tenant, or it has no such service", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:connections:read"])),
)]
pub(super) async fn handler(
    State(state): State<ApiState>,
    OfTenant(tenant): OfTenant,
    request: Request,
) -> Result<Json<SettingsOut>, ApiError> {
    let (parts, _body) = request.into_parts();
    let parameters = Parameters::of_query(parts.uri.query());
    let service = parameters.text("service")?;
    let service =
        service.ok_or(ApiError::parameter("service", ParameterProblem::Missing("service=ledger")))?;
    let caller = caller_of(&parts)?;
    let reader = ConnectionsReader::of(caller, &service)?;
    let service = service.parse().map_err(|_| ApiError::NoSuch { what: "service" })?;
    let actor = Actor {
        caller: caller.id().clone(),
        binding: reader.binding().clone(),
        address: None,
        request_id: None,
    };
    let settings = state.use_cases().settings.get(&tenant, &service, &actor).await?;
    Ok(Json(SettingsOut::of(&service, &settings)))
}
