//! `PATCH /v1/services/{service}`: changes what is given.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use domain::Invalid;
use http::StatusCode;
use serde::Deserialize;
use tenancy::{Draft, NamedService, ServicePatch};
use utoipa::ToSchema;

use super::service_body::{ModuleEntry, ServiceOut, check_base_urls, check_modules};
use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::json_input::JsonInput;
use crate::path::OfService;
use crate::permission::ServicesWrite;
use crate::state::ApiState;
use crate::write::{json, write};

/// What is to be changed; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct ServicePatchIn {
    /// All modules.
    modules: Option<Vec<ModuleEntry>>,
    /// All addresses.
    base_urls: Option<BTreeMap<String, String>>,
}

/// Replaces the modules or the addresses of a service. Tenants keep what they have.
#[utoipa::path(
    patch,
    path = "/v1/services/{service}",
    tag = "services",
    operation_id = "updateService",
    params(("service" = String, Path, description = "Its name")),
    request_body = ServicePatchIn,
    responses(
        (status = 200, description = "The service as it is now", body = ServiceOut),
        (status = 404, description = "There is none", body = crate::openapi::ErrorOut),
        (status = 422, description = "A value makes no sense", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:services:write"])),
)]
pub(super) async fn handler(
    authorized: Authorized<ServicesWrite>,
    State(state): State<ApiState>,
    OfService(name): OfService,
    JsonInput(input): JsonInput<ServicePatchIn>,
) -> Result<Response, ApiError> {
    let mut invalid = Invalid::default();
    let modules = input.modules.map(|entries| check_modules(entries, &mut invalid));
    let base_urls = input.base_urls.map(|urls| check_base_urls(urls, &mut invalid));
    let draft = Draft { wish: ServicePatch { modules, base_urls }, invalid };
    let answer = |named: &NamedService| json(StatusCode::OK, &ServiceOut::of(named));
    let services = &state.use_cases().services;
    write(&authorized, answer, async |writing| services.update(&name, draft, writing).await).await
}
