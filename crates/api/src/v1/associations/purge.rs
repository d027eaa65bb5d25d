//! `PUT /v1/tenants/{tenantId}/associations/{service}/purge`.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use tenancy::AssociationView;

use super::association_out::AssociationOut;
use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::path::OfAssociation;
use crate::permission::AssociationsWrite;
use crate::state::ApiState;
use crate::write::{json, write};

/// Forgets the backing stores of a suspended association.
#[utoipa::path(
    put,
    path = "/v1/tenants/{tenantId}/associations/{service}/purge",
    tag = "associations",
    operation_id = "purgeAssociation",
    params(
        ("tenantId" = String, Path, description = "Id, with or without dashes"),
        ("service" = String, Path, description = "The service"),
    ),
    responses(
        (status = 200, description = "The association as it is now", body = AssociationOut),
        (status = 404, description = "There is none", body = crate::openapi::ErrorOut),
        (status = 409, description = "It is not suspended", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:associations:write"])),
)]
pub(super) async fn handler(
    authorized: Authorized<AssociationsWrite>,
    State(state): State<ApiState>,
    OfAssociation { tenant, service }: OfAssociation,
) -> Result<Response, ApiError> {
    let answer = |view: &AssociationView| json(StatusCode::OK, &AssociationOut::of(view));
    let associations = &state.use_cases().associations;
    write(&authorized, answer, async |writing| associations.purge(&tenant, &service, writing).await).await
}
