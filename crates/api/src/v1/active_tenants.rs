//! `GET /v1/tenants/active?service=`: which tenants a service has to serve.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use domain::{Scope, ServiceName};
use http::{HeaderValue, header};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::alias::{Alias, alias};
use crate::authorization::caller_of;
use crate::error::ApiError;
use crate::parameters::Parameters;
use crate::reader::ServiceReader;
use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    let routes = OpenApiRouter::new().routes(routes!(handler));
    // As clients before 2025 ask.
    let older =
        Alias { of: "/v1/tenants/active", at: "/tenants/active", suffix: "unversioned", is_legacy: true };
    alias(routes, older, axum::routing::get(handler))
}

/// An active tenant.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ActiveTenantOut {
    /// 32 hex digits for a UUID; with dashes where `DASHED_TENANT_IDS` is set.
    #[schema(example = "0f8fad5bd9cb469fa16570867728950e")]
    id: String,
    #[schema(example = "Blue Bank")]
    name: String,
    #[schema(example = "active")]
    status: String,
    /// Left out where the list would be longer than clients read.
    tenant_slug: Option<String>,
}

/// The tenants that are active and have an active association with the service, in the environment of the key: all of them,
/// or an error.
#[utoipa::path(
    get,
    path = "/v1/tenants/active",
    tag = "connections",
    operation_id = "listActiveTenants",
    params(("service" = String, Query, min_length = 1, description = "The service; a service key lists its own only")),
    responses(
        (status = 200, description = "A bare array", body = [ActiveTenantOut]),
        (status = 400, description = "No service was named", body = crate::openapi::ErrorOut),
        (status = 403, description = "The key is of another service", body = crate::openapi::ErrorOut),
        (status = 503, description = "The list cannot be had", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:connections:read"])),
)]
async fn handler(State(state): State<ApiState>, request: Request) -> Result<Response, ApiError> {
    let (parts, _body) = request.into_parts();
    let parameters = Parameters::of_query(parts.uri.query());
    let service = parameters.service()?;
    let reader = ServiceReader::of(caller_of(&parts)?, &service, &Scope::CONNECTIONS_READ)?;
    // A service that cannot be one has no tenants.
    let list = match service.parse::<ServiceName>() {
        Ok(service) => state.use_cases().active_tenants.list(&service, reader.binding()).await?,
        Err(_no_name) => "[]".into(),
    };
    let mut response = Response::new(Body::from(list));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
