//! `PUT /v1/tenants/{tenantId}/settings?service=`.

use std::collections::BTreeMap;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use domain::{Invalid, ServiceName, ServiceSettings, TextMap};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::settings_out::SettingsOut;
use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::json_input::JsonInput;
use crate::parameters::Parameters;
use crate::path::OfTenant;
use crate::permission::AssociationsWrite;
use crate::state::ApiState;
use crate::whole_number::WholeNumber;
use crate::write::{json, write};

/// All settings.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsIn {
    values: BTreeMap<String, String>,
    /// The version that the caller read; another one meanwhile is 409. Left out, whatever there is is replaced.
    #[serde(default)]
    #[schema(value_type = Option<u64>)]
    version: Option<WholeNumber>,
}

/// Replaces all settings of a tenant for a service.
#[utoipa::path(
    put,
    path = "/v1/tenants/{tenantId}/settings",
    tag = "settings",
    operation_id = "putSettings",
    params(
        ("tenantId" = String, Path, description = "Id, with or without dashes"),
        ("service" = String, Query, min_length = 1, description = "The service"),
    ),
    request_body = SettingsIn,
    responses(
        (status = 200, description = "The settings as they are now", body = SettingsOut),
        (status = 400, description = "No service was named, or the body is not of the form", body = crate::openapi::ErrorOut),
        (status = 404, description = "There is no such tenant, or it has no such service", body = crate::openapi::ErrorOut),
        (status = 409, description = "Somebody else replaced them", body = crate::openapi::ErrorOut),
        (status = 422, description = "There are too many, or too long ones", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:associations:write"])),
)]
pub(super) async fn handler(
    authorized: Authorized<AssociationsWrite>,
    State(state): State<ApiState>,
    OfTenant(tenant): OfTenant,
    RawQuery(query): RawQuery,
    JsonInput(input): JsonInput<SettingsIn>,
) -> Result<Response, ApiError> {
    let parameters = Parameters::of_query(query.as_deref());
    let service = parameters.service()?;
    let service: ServiceName = service.parse().map_err(|_| ApiError::NoSuch { what: "service" })?;
    let mut invalid = Invalid::default();
    let values = TextMap::check(input.values, "values", &mut invalid);
    let version = input.version.map(|version| version.noted(&(0..=u64::MAX), "version", &mut invalid));
    let values = invalid.settle(values)?;
    let answer = |settings: &ServiceSettings| json(StatusCode::OK, &SettingsOut::of(&service, settings));
    let settings = &state.use_cases().settings;
    write(&authorized, answer, async |writing| {
        settings.put(&tenant, &service, values, version, writing).await
    })
    .await
}
