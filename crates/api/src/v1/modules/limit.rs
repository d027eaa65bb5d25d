//! `PATCH …/connections/{module}`: changes the limits of a module's pools.

use axum::extract::State;
use axum::response::Response;
use domain::{Invalid, ModuleResources};
use http::StatusCode;
use serde::Deserialize;
use tenancy::{ConnectionSettingsPatch, Draft};
use utoipa::ToSchema;

use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::json_input::JsonInput;
use crate::path::OfModule;
use crate::permission::AssociationsWrite;
use crate::state::ApiState;
use crate::v1::resources::{ConnectionSettingsBody, connections};
use crate::whole_number::WholeNumber;
use crate::write::{json, write};

/// What is to be changed; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct ConnectionSettingsPatchIn {
    #[schema(value_type = Option<u32>, maximum = 10000, example = 40)]
    max_open_conns: Option<WholeNumber>,
    #[schema(value_type = Option<u32>, maximum = 10000, example = 8)]
    max_idle_conns: Option<WholeNumber>,
    #[schema(example = "30s")]
    statement_timeout: Option<String>,
}

/// Changes the limits of a module's pools; the services are told.
#[utoipa::path(
    patch,
    path = "/v1/tenants/{tenantId}/associations/{service}/connections/{module}",
    tag = "associations",
    operation_id = "limitConnections",
    params(
        ("tenantId" = String, Path, description = "Id, with or without dashes"),
        ("service" = String, Path, description = "The service"),
        ("module" = String, Path, description = "The module"),
    ),
    request_body = ConnectionSettingsPatchIn,
    responses(
        (status = 200, description = "The limits as they are now", body = ConnectionSettingsBody),
        (status = 404, description = "There is no such module", body = crate::openapi::ErrorOut),
        (status = 422, description = "A value makes no sense", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:associations:write"])),
)]
pub(super) async fn handler(
    authorized: Authorized<AssociationsWrite>,
    State(state): State<ApiState>,
    OfModule(path): OfModule,
    JsonInput(input): JsonInput<ConnectionSettingsPatchIn>,
) -> Result<Response, ApiError> {
    let mut invalid = Invalid::default();
    let wish = ConnectionSettingsPatch {
        max_open_conns: input.max_open_conns.map(|number| connections(number, "maxOpenConns", &mut invalid)),
        max_idle_conns: input.max_idle_conns.map(|number| connections(number, "maxIdleConns", &mut invalid)),
        statement_timeout: input.statement_timeout,
    };
    let draft = Draft { wish, invalid };
    let answer = |resources: &ModuleResources| {
        let settings = resources.connection_settings.as_ref().map(ConnectionSettingsBody::from);
        json(StatusCode::OK, &settings)
    };
    let modules = &state.use_cases().modules;
    write(&authorized, answer, async |writing| modules.limit(&path, draft, writing).await).await
}
