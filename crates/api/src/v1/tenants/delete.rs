//! `DELETE /v1/tenants/{tenantId}`.

use axum::extract::State;
use axum::response::Response;
use domain::Tenant;
use http::StatusCode;

use super::tenant_out::TenantOut;
use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::path::OfTenant;
use crate::permission::TenantsWrite;
use crate::state::ApiState;
use crate::write::{json, write};

/// Removes the tenant for ever, with all that is below it. Its slug is free from then on.
#[utoipa::path(
    delete,
    path = "/v1/tenants/{tenantId}",
    tag = "tenants",
    operation_id = "deleteTenant",
    params(("tenantId" = String, Path, description = "Id, with or without dashes")),
    responses(
        (status = 200, description = "The tenant as it is now", body = TenantOut),
        (status = 404, description = "There is none", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:tenants:write"])),
)]
pub(super) async fn handler(
    authorized: Authorized<TenantsWrite>,
    State(state): State<ApiState>,
    OfTenant(id): OfTenant,
) -> Result<Response, ApiError> {
    let ids = state.use_cases().tenant_ids;
    let answer = |tenant: &Tenant| json(StatusCode::OK, &TenantOut::of(tenant, ids));
    let tenants = &state.use_cases().tenants;
    write(&authorized, answer, async |writing| tenants.delete(&id, writing).await).await
}
