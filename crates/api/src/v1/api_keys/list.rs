//! `GET /v1/services/{service}/api-keys` and `GET /v1/api-keys`: the keys of a service, or of none, page by page.

use axum::Json;
use axum::extract::State;
use domain::{ApiKeyEntry, ServiceName};
use serde::Serialize;
use utoipa::ToSchema;

use super::api_key_out::ApiKeyOut;
use crate::authorization::Authorized;
use crate::cursor;
use crate::error::ApiError;
use crate::parameters::{Parameters, QueryParameters};
use crate::path::OfService;
use crate::permission::ApiKeysRead;
use crate::state::ApiState;

/// A page of keys, by id.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApiKeysOut {
    items: Vec<ApiKeyOut>,
    limit: usize,
    /// Where the next page begins; not there on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// The keys of a service without their texts, also those that are revoked or have expired.
#[utoipa::path(
    get,
    path = "/v1/services/{service}/api-keys",
    tag = "api keys",
    operation_id = "listApiKeys",
    params(
        ("service" = String, Path, description = "The service"),
        ("cursor" = Option<String>, Query, description = "`nextCursor` of the page before"),
        ("limit" = Option<usize>, Query, description = "1 to 200, 20 where there is none"),
    ),
    responses(
        (status = 200, description = "A page", body = ApiKeysOut),
        (status = 404, description = "There is no such service", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:api-keys:read"])),
)]
pub(super) async fn of_service(
    authorized: Authorized<ApiKeysRead>,
    State(state): State<ApiState>,
    OfService(service): OfService,
    QueryParameters(parameters): QueryParameters,
) -> Result<Json<ApiKeysOut>, ApiError> {
    list(&authorized, &state, Some(&service), &parameters).await
}

/// The keys of no service without their texts, also those that are revoked or have expired.
#[utoipa::path(
    get,
    path = "/v1/api-keys",
    tag = "api keys",
    operation_id = "listOperatorApiKeys",
    params(
        ("cursor" = Option<String>, Query, description = "`nextCursor` of the page before"),
        ("limit" = Option<usize>, Query, description = "1 to 200, 20 where there is none"),
    ),
    responses((status = 200, description = "A page", body = ApiKeysOut)),
    security(("apiKey" = ["backoffice:tm:api-keys:read"])),
)]
pub(super) async fn of_none(
    authorized: Authorized<ApiKeysRead>,
    State(state): State<ApiState>,
    QueryParameters(parameters): QueryParameters,
) -> Result<Json<ApiKeysOut>, ApiError> {
    list(&authorized, &state, None, &parameters).await
}

async fn list(
    authorized: &Authorized<ApiKeysRead>,
    state: &ApiState,
    service: Option<&ServiceName>,
    parameters: &Parameters,
) -> Result<Json<ApiKeysOut>, ApiError> {
    let limit = parameters.limit()?;
    let after = cursor::read(parameters, |id| ApiKeyEntry::check_id(id).is_ok().then(|| id.to_owned()))?;
    let keys = &state.use_cases().api_keys;
    let page = keys.list(service, after.as_deref(), limit, &authorized.actor()).await?;
    let ids = state.use_cases().tenant_ids;
    Ok(Json(ApiKeysOut {
        items: page.keys.iter().map(|view| ApiKeyOut::of(view, ids)).collect(),
        limit,
        next_cursor: page.next.as_deref().map(cursor::written),
    }))
}
