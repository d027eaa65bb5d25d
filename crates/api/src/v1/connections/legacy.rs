//! The connections where older clients look for them.

use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use domain::{Scope, ServiceName};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{answer, handler};
use crate::alias::{Alias, alias, deprecated};
use crate::authorization::caller_of;
use crate::error::ApiError;
use crate::parameters::Parameters;
use crate::path::OfTenant;
use crate::reader::ServiceReader;
use crate::state::ApiState;

const OF: &str = "/v1/tenants/{tenantId}/associations/{service}/connections";

/// Nobody is to begin with them.
pub(super) fn with_older_names(routes: OpenApiRouter<ApiState>) -> OpenApiRouter<ApiState> {
    let older = [
        ("/v1/tenants/{tenantId}/services/{service}/connections", "services"),
        ("/tenants/{tenantId}/associations/{service}/connections", "unversioned"),
        ("/tenants/{tenantId}/services/{service}/settings", "settings"),
    ];
    let routes = older.into_iter().fold(routes, |routes, (at, suffix)| {
        alias(routes, Alias { of: OF, at, suffix, is_legacy: true }, get(handler))
    });
    routes.merge(deprecated(OpenApiRouter::new().routes(routes!(settings))))
}

/// The connections under their oldest name, where the service is a parameter.
#[utoipa::path(
    get,
    path = "/tenants/{tenantId}/settings",
    tag = "connections",
    operation_id = "getConnections_parameter",
    params(
        ("tenantId" = String, Path, description = "Id, with or without dashes"),
        ("service" = String, Query, min_length = 1, description = "The service"),
        ("If-None-Match" = Option<String>, Header, description = "`ETag` of the connections that the caller has"),
    ),
    responses(
        (status = 200, description = "The connections", body = super::tenant_config::TenantConfigOut),
        (status = 304, description = "They are what the caller has"),
        (status = 400, description = "No service was named", body = crate::openapi::ErrorOut),
        (status = 403, description = "With `status`: the tenant or its association is suspended or purged; without: the key is of another service", body = crate::openapi::ErrorOut),
        (status = 404, description = "There is no such tenant, or it has no such service", body = crate::openapi::ErrorOut),
        (status = 503, description = "They cannot be read", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:connections:read"])),
)]
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
