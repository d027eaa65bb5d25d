//! `POST /v1/tenants/{tenantId}/associations/{service}/cache/invalidate`: asks a service to read its connections anew.

use axum::extract::State;
use axum::response::Response;
use domain::Invalid;
use http::StatusCode;
use serde::Deserialize;
use tenancy::AssociationView;
use utoipa::ToSchema;

use super::association_out::AssociationOut;
use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::json_input::OptionalInput;
use crate::path::OfAssociation;
use crate::permission::CacheWrite;
use crate::state::ApiState;
use crate::write::{json, write};

const MAX_REASON: usize = 500;

/// Why.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct InvalidateIn {
    /// At most 500 characters; the service is told.
    #[schema(example = "the replica was moved")]
    reason: Option<String>,
}

/// Asks the service to read the tenant's connections anew, and forgets what is cached of them here.
#[utoipa::path(
    post,
    path = "/v1/tenants/{tenantId}/associations/{service}/cache/invalidate",
    tag = "associations",
    operation_id = "invalidateConnections",
    params(
        ("tenantId" = String, Path, description = "Id, with or without dashes"),
        ("service" = String, Path, description = "The service"),
    ),
    request_body = Option<InvalidateIn>,
    responses(
        (status = 200, description = "The association", body = AssociationOut),
        (status = 404, description = "There is none", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:cache:write"])),
)]
pub(super) async fn handler(
    authorized: Authorized<CacheWrite>,
    State(state): State<ApiState>,
    OfAssociation { tenant, service }: OfAssociation,
    OptionalInput(input): OptionalInput<InvalidateIn>,
) -> Result<Response, ApiError> {
    let reason = input.reason.filter(|reason| !reason.is_empty());
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > MAX_REASON) {
        let problem = format_args!("must have at most {MAX_REASON} characters");
        return Err(Invalid::one("reason", problem).into());
    }
    let answer = |view: &AssociationView| json(StatusCode::OK, &AssociationOut::of(view));
    let associations = &state.use_cases().associations;
    write(&authorized, answer, async |writing| {
        associations.invalidate(&tenant, &service, reason, writing).await
    })
    .await
}
