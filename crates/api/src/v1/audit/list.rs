//! `GET /v1/audit`: the audit log, page by page, newest first.

use axum::Json;
use axum::extract::State;
use domain::{AuditFilter, AuditQuery, Invalid};
use serde::Serialize;
use utoipa::ToSchema;

use super::audit_out::AuditOut;
use crate::authorization::Authorized;
use crate::cursor;
use crate::error::ApiError;
use crate::parameters::{Parameters, QueryParameters};
use crate::permission::AuditRead;
use crate::state::ApiState;

/// A page of the audit log, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditRowsOut {
    items: Vec<AuditOut>,
    limit: usize,
    /// Where the next page begins; not there on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Who did what, newest first, a second after it was done. What is looked at for one page is bounded, so a page may have few
/// rows, or none, without being the last: that is the one without `nextCursor`. A key of one environment sees the rows about its
/// tenants and keys, and none of what is of no environment.
#[utoipa::path(
    get,
    path = "/v1/audit",
    tag = "audit",
    operation_id = "listAudit",
    params(
        ("actor" = Option<String>, Query, description = "Of this actor"),
        ("action" = Option<String>, Query, description = "Of this kind, such as `suspend`"),
        ("target" = Option<String>, Query, description = "About this, or what is below it, such as `tenants/{id}`"),
        ("requestId" = Option<String>, Query, description = "Of this request"),
        ("environment" = Option<String>, Query, description = "About `staging` or `production`"),
        ("from" = Option<String>, Query, description = "From this time on, RFC 3339"),
        ("until" = Option<String>, Query, description = "Before this time, RFC 3339"),
        ("cursor" = Option<String>, Query, description = "`nextCursor` of the page before"),
        ("limit" = Option<usize>, Query, description = "1 to 200, 20 where there is none"),
    ),
    responses(
        (status = 200, description = "A page", body = AuditRowsOut),
        (status = 400, description = "A parameter is wrong", body = crate::openapi::ErrorOut),
        (status = 422, description = "There is no such action, environment or time", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:audit:read"])),
)]
pub(super) async fn handler(
    authorized: Authorized<AuditRead>,
    State(state): State<ApiState>,
    QueryParameters(parameters): QueryParameters,
) -> Result<Json<AuditRowsOut>, ApiError> {
    let limit = parameters.limit()?;
    let query = AuditQuery {
        filter: filter(&parameters)?,
        behind: cursor::read(&parameters, |text| text.parse().ok())?,
        limit,
    };
    let page = state.use_cases().audit.page(query, &authorized.actor()).await?;
    Ok(Json(AuditRowsOut {
        items: page.rows.into_iter().map(AuditOut::of).collect(),
        limit,
        next_cursor: page.next.map(|next| cursor::written(next.as_str())),
    }))
}

fn filter(parameters: &Parameters) -> Result<AuditFilter, ApiError> {
    let text = |name| Ok::<_, ApiError>(parameters.text(name)?.map(|text| text.into_owned()));
    let mut invalid = Invalid::default();
    let action = text("action")?.map(|text| invalid.take("action", text.parse()));
    let environment = text("environment")?.map(|text| invalid.take("environment", text.parse()));
    let from = text("from")?.map(|text| invalid.take("from", text.parse()));
    let until = text("until")?.map(|text| invalid.take("until", text.parse()));
    invalid.into_result()?;
    Ok(AuditFilter {
        actor: text("actor")?,
        action: action.flatten(),
        target: text("target")?,
        request_id: text("requestId")?,
        environment: environment.flatten(),
        from: from.flatten(),
        until: until.flatten(),
    })
}
