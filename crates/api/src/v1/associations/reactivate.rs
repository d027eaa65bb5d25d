//! `PUT /v1/tenants/{tenantId}/associations/{service}/reactivate`.

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

/// Lets the tenant in again. What was purged needs its modules anew before.
#[utoipa::path(
    put,
    path = "/v1/tenants/{tenantId}/associations/{service}/reactivate",
    tag = "associations",
    operation_id = "reactivateAssociation",
    params(
        ("tenantId" = String, Path, description = "Id, with or without dashes"),
        ("service" = String, Path, description = "The service"),
    ),
    responses(
        (status = 200, description = "The association as it is now", body = AssociationOut),
        (status = 404, description = "There is none", body = crate::openapi::ErrorOut),
        (status = 409, description = "It is active, or was purged and has no modules", body = crate::openapi::ErrorOut),
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
    write(&authorized, answer, async |writing| associations.reactivate(&tenant, &service, writing).await)
        .await
}
