//! The connections where older clients look for them.

use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use domain::{Scope, ServiceName};
use utoipa_axum::router::OpenApiRouter;

use super::{answer, handler};
use crate::authorization::caller_of;
use crate::error::ApiError;
use crate::parameters::Parameters;
use crate::path::OfTenant;
use crate::reader::ServiceReader;
use crate::state::ApiState;

/// Not in the OpenAPI document: nobody is to begin with them.
pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .route("/v1/tenants/{tenantId}/services/{service}/connections", get(handler))
        .route("/tenants/{tenantId}/associations/{service}/connections", get(handler))
        .route("/tenants/{tenantId}/services/{service}/settings", get(handler))
        .route("/tenants/{tenantId}/settings", get(settings))
}

/// The oldest name: the service is a parameter.
async fn settings(
    State(state): State<ApiState>,
    OfTenant(tenant): OfTenant,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, _body) = request.into_parts();
    let parameters = Parameters::of_query(parts.uri.query());
    let service = parameters.service()?;
    let reader = ServiceReader::of(caller_of(&parts)?, &service, &Scope::CONNECTIONS_READ)?;
    let service: ServiceName = service.parse().map_err(|_| ApiError::NoSuch { what: "service" })?;
    answer(&state, &tenant, &service, reader.binding(), &parts.headers).await
}
