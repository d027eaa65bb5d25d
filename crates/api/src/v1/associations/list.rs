//! `GET /v1/tenants/{tenantId}/associations`: what a tenant has of services.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::association_out::AssociationOut;
use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::path::OfTenant;
use crate::permission::AssociationsRead;
use crate::state::ApiState;

/// All associations of a tenant, by service.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AssociationsOut {
    items: Vec<AssociationOut>,
}

/// All associations of a tenant, in whatever state.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenantId}/associations",
    tag = "associations",
    operation_id = "listAssociations",
    params(("tenantId" = String, Path, description = "Id, with or without dashes")),
    responses(
        (status = 200, description = "All of them", body = AssociationsOut),
        (status = 404, description = "There is no such tenant", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:associations:read"])),
)]
pub(super) async fn handler(
    authorized: Authorized<AssociationsRead>,
    State(state): State<ApiState>,
    OfTenant(tenant): OfTenant,
) -> Result<Json<AssociationsOut>, ApiError> {
    let views = state.use_cases().associations.list(&tenant, &authorized.actor()).await?;
    Ok(Json(AssociationsOut { items: views.iter().map(AssociationOut::of).collect() }))
}
