//! `GET /v1/tenants/{tenantId}/associations/{service}`: what a tenant has of a service.

use axum::Json;
use axum::extract::State;

use super::association_out::AssociationOut;
use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::path::OfAssociation;
use crate::permission::AssociationsRead;
use crate::state::ApiState;

/// An association, in whatever state, without secrets.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenantId}/associations/{service}",
    tag = "associations",
    operation_id = "getAssociation",
    params(
        ("tenantId" = String, Path, description = "Id, with or without dashes"),
        ("service" = String, Path, description = "The service"),
    ),
    responses(
        (status = 200, description = "The association", body = AssociationOut),
        (status = 404, description = "There is none", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:associations:read"])),
)]
pub(super) async fn handler(
    authorized: Authorized<AssociationsRead>,
    State(state): State<ApiState>,
    OfAssociation { tenant, service }: OfAssociation,
) -> Result<Json<AssociationOut>, ApiError> {
    let view = state.use_cases().associations.get(&tenant, &service, &authorized.actor()).await?;
    Ok(Json(AssociationOut::of(&view)))
}
