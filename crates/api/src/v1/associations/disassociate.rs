//! `DELETE /v1/tenants/{tenantId}/associations/{service}`: takes a service from a tenant.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::parameters::Parameters;
use crate::path::OfAssociation;
use crate::permission::AssociationsWrite;
use crate::state::ApiState;
use crate::write::{json, write};

/// What was taken.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DisassociatedOut {
    service_name: String,
    /// Always `disassociated`.
    status: &'static str,
    preserve_data: bool,
}

/// Takes a service from a tenant. Whether its data stay is told to the services.
#[utoipa::path(
    delete,
    path = "/v1/tenants/{tenantId}/associations/{service}",
    tag = "associations",
    operation_id = "disassociate",
    params(
        ("tenantId" = String, Path, description = "Id, with or without dashes"),
        ("service" = String, Path, description = "The service"),
        ("preserveData" = Option<bool>, Query, description = "Whether the tenant's data are kept; `false` where it is not said"),
    ),
    responses(
        (status = 200, description = "Taken", body = DisassociatedOut),
        (status = 404, description = "There was none", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:associations:write"])),
)]
pub(super) async fn handler(
    authorized: Authorized<AssociationsWrite>,
    State(state): State<ApiState>,
    OfAssociation { tenant, service }: OfAssociation,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let preserve_data = parameters.flag("preserveData")?;
    let answer = |(): &()| {
        let service_name = service.to_string();
        json(StatusCode::OK, &DisassociatedOut { service_name, status: "disassociated", preserve_data })
    };
    let associations = &state.use_cases().associations;
    write(&authorized, answer, async |writing| {
        associations.disassociate(&tenant, &service, preserve_data, writing).await
    })
    .await
}
