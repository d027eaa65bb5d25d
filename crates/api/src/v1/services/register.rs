//! `POST /v1/services`: registers a service.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use domain::{Invalid, ServiceName};
use http::StatusCode;
use serde::Deserialize;
use tenancy::{Draft, RegisteredService, ServiceWish};
use utoipa::ToSchema;

use super::service_body::{ModuleEntry, ServiceOut, check_base_urls, check_modules};
use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::json_input::JsonInput;
use crate::permission::ServicesWrite;
use crate::state::ApiState;
use crate::write::{json, write};

/// A service to be registered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewServiceIn {
    /// As the service calls itself in paths.
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length = 64, example = "ledger")]
    name: String,
    #[serde(default)]
    modules: Vec<ModuleEntry>,
    /// Where it is reached, by environment: scheme, host and port.
    #[serde(default)]
    #[schema(example = json!({"staging": "http://ledger.staging.svc:3000"}))]
    base_urls: BTreeMap<String, String>,
}

/// Registers a service. The very same again is 200, another one of the same name 409.
#[utoipa::path(
    post,
    path = "/v1/services",
    tag = "services",
    operation_id = "registerService",
    request_body = NewServiceIn,
    responses(
        (status = 201, description = "Registered", body = ServiceOut),
        (status = 200, description = "Registered before, word for word", body = ServiceOut),
        (status = 409, description = "Registered before with other words", body = crate::openapi::ErrorOut),
        (status = 422, description = "A value makes no sense", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:services:write"])),
)]
pub(super) async fn handler(
    authorized: Authorized<ServicesWrite>,
    State(state): State<ApiState>,
    JsonInput(input): JsonInput<NewServiceIn>,
) -> Result<Response, ApiError> {
    let mut invalid = Invalid::default();
    let name: Option<ServiceName> = invalid.take("name", input.name.parse());
    let modules = check_modules(input.modules, &mut invalid);
    let base_urls = check_base_urls(input.base_urls, &mut invalid);
    let draft = Draft { wish: ServiceWish { modules, base_urls }, invalid };
    let answer = |registered: &RegisteredService| {
        let status = if registered.is_new { StatusCode::CREATED } else { StatusCode::OK };
        json(status, &ServiceOut::of(&registered.named))
    };
    let services = &state.use_cases().services;
    write(&authorized, answer, async |writing| services.register(name.as_ref(), draft, writing).await).await
}
