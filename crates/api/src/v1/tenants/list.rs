//! `GET /v1/tenants`: the tenants, page by page.

use axum::Json;
use axum::extract::State;
use domain::{Invalid, SearchWords, Tenant, TenantPosition, TenantQuery};
use serde::Serialize;
use utoipa::ToSchema;

use super::tenant_out::TenantOut;
use crate::authorization::Authorized;
use crate::cursor;
use crate::error::{ApiError, ParameterProblem};
use crate::parameters::{Parameters, QueryParameters};
use crate::permission::TenantsRead;
use crate::state::ApiState;

/// Pages are counted up to here; who goes further follows the cursor.
const MAX_PAGE: usize = 1_000;

/// A page of tenants, by slug.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TenantsOut {
    items: Vec<TenantOut>,
    limit: usize,
    /// The number of the page, where pages were asked for by number.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<usize>,
    has_more: bool,
    /// Where the next page begins; not there on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// The same for clients that write it so.
    #[serde(rename = "next_cursor", skip_serializing_if = "Option::is_none")]
    next_cursor_snake: Option<String>,
}

/// The tenants that the caller may know of, page by page. What lives through the whole walk along the cursor is there once.
#[utoipa::path(
    get,
    path = "/v1/tenants",
    tag = "tenants",
    operation_id = "listTenants",
    params(
        ("status" = Option<String>, Query, description = "`active` or `suspended`"),
        ("environment" = Option<String>, Query, description = "`staging` or `production`"),
        ("search" = Option<String>, Query, description = "Beginnings of words of name, slug or id; all must be found"),
        ("cursor" = Option<String>, Query, description = "`nextCursor` of the page before"),
        ("limit" = Option<usize>, Query, description = "1 to 200, 20 where there is none"),
        ("page" = Option<usize>, Query, maximum = 1000, description = "Number of the page from 1 on, in place of a cursor"),
    ),
    responses(
        (status = 200, description = "A page", body = TenantsOut),
        (status = 400, description = "A parameter is wrong", body = crate::openapi::ErrorOut),
        (status = 422, description = "There is no such status or environment", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:tenants:read"])),
)]
pub(super) async fn handler(
    authorized: Authorized<TenantsRead>,
    State(state): State<ApiState>,
    QueryParameters(parameters): QueryParameters,
) -> Result<Json<TenantsOut>, ApiError> {
    let limit = parameters.limit()?;
    let page = page(&parameters)?;
    let mut invalid = Invalid::default();
    let environment = parameters.text("environment")?.map(|text| invalid.take("environment", text.parse()));
    let status = parameters.text("status")?.map(|text| invalid.take("status", text.parse()));
    invalid.into_result()?;
    let query = TenantQuery {
        environment: environment.flatten(),
        status: status.flatten(),
        search: parameters.text("search")?.and_then(|text| SearchWords::of(&text)),
        after: cursor::read(&parameters, position)?,
        skip: page.map_or(0, |page| (page - 1) * limit),
        limit,
    };
    let found = state.use_cases().tenants.list(query, &authorized.actor()).await?;
    let ids = state.use_cases().tenant_ids;
    let next_cursor = found.tenants.last().filter(|_| found.has_more).map(cursor_behind);
    Ok(Json(TenantsOut {
        items: found.tenants.iter().map(|tenant| TenantOut::of(tenant, ids)).collect(),
        limit,
        page,
        has_more: found.has_more,
        next_cursor_snake: next_cursor.clone(),
        next_cursor,
    }))
}

fn page(parameters: &Parameters) -> Result<Option<usize>, ApiError> {
    let Some(text) = parameters.text("page")? else { return Ok(None) };
    let page: usize = text.parse().map_err(|_| ApiError::parameter("page", ParameterProblem::NotANumber))?;
    if page > MAX_PAGE {
        return Err(ApiError::parameter("page", ParameterProblem::TooMany(MAX_PAGE)));
    }
    Ok(Some(page.max(1)))
}

/// Slug and id of the last tenant of a page.
fn cursor_behind(tenant: &Tenant) -> String {
    cursor::written(&format!("{}/{}", tenant.slug, tenant.id))
}

fn position(text: &str) -> Option<TenantPosition> {
    let (slug, id) = text.split_once('/')?;
    Some(TenantPosition { slug: slug.parse().ok()?, id: id.parse().ok()? })
}
