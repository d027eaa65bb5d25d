//! `PUT /v1/services/{service}/modules/{module}`: adds a module, or says what one may own.

use axum::extract::State;
use axum::response::Response;
use domain::Invalid;
use http::StatusCode;
use serde::Deserialize;
use tenancy::{Draft, NamedService};
use utoipa::ToSchema;

use super::service_body::{ServiceOut, check_kinds};
use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::json_input::JsonInput;
use crate::path::OfServiceModule;
use crate::permission::ServicesWrite;
use crate::state::ApiState;
use crate::write::{json, write};

/// What a module may own.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ServiceModuleIn {
    #[schema(example = json!(["postgresql", "mongodb"]))]
    resources: Vec<String>,
}

/// Adds a module to a service, or says what one may own.
#[utoipa::path(
    put,
    path = "/v1/services/{service}/modules/{module}",
    tag = "services",
    operation_id = "putServiceModule",
    params(
        ("service" = String, Path, description = "Name of the service"),
        ("module" = String, Path, description = "Name of the module"),
    ),
    request_body = ServiceModuleIn,
    responses(
        (status = 200, description = "The service as it is now", body = ServiceOut),
        (status = 404, description = "There is no such service", body = crate::openapi::ErrorOut),
        (status = 422, description = "The name would share its secrets with another", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:services:write"])),
)]
pub(super) async fn handler(
    authorized: Authorized<ServicesWrite>,
    State(state): State<ApiState>,
    OfServiceModule { service, module }: OfServiceModule,
    JsonInput(input): JsonInput<ServiceModuleIn>,
) -> Result<Response, ApiError> {
    let mut invalid = Invalid::default();
    let wish = check_kinds(input.resources, "resources", &mut invalid);
    let draft = Draft { wish, invalid };
    let answer = |named: &NamedService| json(StatusCode::OK, &ServiceOut::of(named));
    let services = &state.use_cases().services;
    write(&authorized, answer, async |writing| services.put_module(&service, &module, draft, writing).await)
        .await
}
