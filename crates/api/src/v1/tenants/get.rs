//! `GET /v1/tenants/{tenantId}`: a tenant, in whatever state.

use axum::Json;
use axum::extract::State;

use super::tenant_out::TenantOut;
use crate::error::ApiError;
use crate::path::OfTenant;
use crate::reader::TenantReader;
use crate::state::ApiState;

/// A tenant, also a suspended one. A service key sees the tenants of its own service, without their owners.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenantId}",
    tag = "tenants",
    operation_id = "getTenant",
    params(("tenantId" = String, Path, description = "Id, with or without dashes")),
    responses(
        (status = 200, description = "The tenant", body = TenantOut),
        (status = 404, description = "There is none", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:tenants:read"])),
)]
pub(super) async fn handler(
    reader: TenantReader,
    State(state): State<ApiState>,
    OfTenant(id): OfTenant,
) -> Result<Json<TenantOut>, ApiError> {
    let tenant = state.use_cases().tenants.get(&id, &reader.actor()).await?;
    let ids = state.use_cases().tenant_ids;
    Ok(Json(match reader.service() {
        None => TenantOut::of(&tenant, ids),
        Some(service) if tenant.associations.contains_key(service) => {
            TenantOut::of(&tenant, ids).without_owner()
        }
        Some(_) => return Err(ApiError::NoSuch { what: "tenant" }),
    }))
}
