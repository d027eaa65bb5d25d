//! `GET /v1/tenants/{tenantId}/associations/{service}/connections`: where a tenant's databases and brokers are, with their
//! passwords. What services ask for most.

mod legacy;
mod may_recall;
mod staleness;
mod tenant_config;
mod unlocked;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use domain::{KeyBinding, ServiceName, TenantId};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tenancy::{Missing, Outcome, Refusal, Rendered};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::ApiError;
use crate::path::OfAssociation;
use crate::reader::ServiceReader;
use crate::state::ApiState;

pub use may_recall::may_recall_key;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    legacy::with_older_names(OpenApiRouter::new().routes(routes!(handler)))
}

/// The connections of a tenant to a service. A service key reads those of its own service.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenantId}/associations/{service}/connections",
    tag = "connections",
    operation_id = "getConnections",
    params(
        ("tenantId" = String, Path, description = "Id, with or without dashes"),
        ("service" = String, Path, description = "The service"),
        ("If-None-Match" = Option<String>, Header, description = "`ETag` of the connections that the caller has"),
    ),
    responses(
        (
            status = 200,
            description = "The connections. When nothing answers that could say what they are now, what they were when they were last confirmed",
            body = tenant_config::TenantConfigOut,
            headers(
                ("Age" = u64, description = "How many seconds ago they were confirmed; only with `X-Config-Stale`"),
                ("X-Config-Stale" = bool, description = "`true` when they cannot be confirmed now"),
            ),
        ),
        (status = 304, description = "They are what the caller has"),
        (status = 403, description = "With `status`: the tenant or its association is suspended or purged; without: the key is of another service", body = crate::openapi::ErrorOut),
        (status = 404, description = "There is no such tenant, or it has no such service", body = crate::openapi::ErrorOut),
        (status = 503, description = "They cannot be read", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:connections:read"])),
)]
async fn handler(
    reader: ServiceReader,
    State(state): State<ApiState>,
    OfAssociation { tenant, service }: OfAssociation,
    request: Request,
) -> Result<Response, ApiError> {
    answer(&state, &tenant, &service, reader.binding(), request.headers()).await
}

async fn answer(
    state: &ApiState,
    tenant: &TenantId,
    service: &ServiceName,
    binding: &KeyBinding,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let answered = state.use_cases().connections.find_or_recall(tenant, service, binding).await?;
    let outcome = answered.connection.as_ref().map(|connection| &connection.outcome);
    let response = match outcome {
        Some(Outcome::Config(rendered)) => config(rendered, headers),
        Some(Outcome::KeptOut(kept_out)) => {
            ApiError::from(Refusal::KeptOut(kept_out.clone())).into_response()
        }
        None => ApiError::from(Refusal::from(Missing::Association(service.clone()))).into_response(),
    };
    Ok(staleness::told(response, answered.age))
}

fn config(rendered: &Rendered, headers: &HeaderMap) -> Response {
    let is_known =
        headers.get_all(header::IF_NONE_MATCH).iter().any(|value| matches(value.as_bytes(), &rendered.etag));
    let mut response =
        Response::new(if is_known { Body::empty() } else { Body::from(rendered.body.clone()) });
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Ok(etag) = HeaderValue::from_maybe_shared(rendered.etag.clone()) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

/// Whether a list of entity tags, or `*`, has this one; weak or not does not matter here (RFC 9110, 13.1.2).
fn matches(list: &[u8], etag: &[u8]) -> bool {
    list.split(|byte| *byte == b',').any(|tag| {
        let tag = tag.trim_ascii();
        tag == b"*" || tag.strip_prefix(b"W/").unwrap_or(tag) == etag
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_weakly() {
        for list in ["\"7\"", "W/\"7\"", "\"6\", \"7\"", "*"] {
            assert!(matches(list.as_bytes(), b"\"7\""), "{list}");
        }
        for list in ["", "7", "\"77\"", "\"6\""] {
            assert!(!matches(list.as_bytes(), b"\"7\""), "{list}");
        }
    }
}
