//! `POST /v1/services/{service}/api-keys` and `POST /v1/api-keys`: make a key, of a service or of none.

use axum::extract::State;
use axum::response::Response;
use domain::{Environment, Invalid, Scope, Scopes, ServiceName};
use http::StatusCode;
use serde::Deserialize;
use tenancy::{Draft, Granting, MadeKey, NewApiKey};
use utoipa::ToSchema;

use super::api_key_out::ApiKeyOut;
use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::json_input::JsonInput;
use crate::path::OfService;
use crate::permission::ApiKeysWrite;
use crate::state::ApiState;
use crate::write::{json, write};

const MAX_SCOPES: usize = 32;

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewApiKeyIn {
    #[schema(example = "ledger pods")]
    name: String,
    /// The environment whose tenants it sees. Where there is none: that of the tenant, or that of the caller; and then a key of
    /// a service gets the deployment's own, and one of no service is for both.
    #[serde(default)]
    #[schema(example = "staging")]
    environment: Option<String>,
    /// The one tenant that it is to see; that of the caller's key where that is bound to one.
    #[serde(default)]
    #[schema(example = "0f8fad5bd9cb469fa16570867728950e")]
    tenant_id: Option<String>,
    /// From when on it is refused (RFC 3339); never where there is none.
    #[serde(default)]
    #[schema(example = "2027-01-31T08:00:00Z")]
    expires_at: Option<String>,
    /// `default`, `aggressive`, `relaxed` or `service`.
    #[serde(default)]
    tier: Option<String>,
    /// What it may do besides reading what is its service's; nothing that the caller may not do.
    #[serde(default)]
    scopes: Vec<String>,
}

/// Makes a key of a service and tells its text, this once.
#[utoipa::path(
    post,
    path = "/v1/services/{service}/api-keys",
    tag = "api keys",
    operation_id = "createApiKey",
    params(("service" = String, Path, description = "The service")),
    request_body = NewApiKeyIn,
    responses(
        (status = 201, description = "Made", body = ApiKeyOut),
        (status = 403, description = "The caller has not what the key would have", body = crate::openapi::ErrorOut),
        (status = 404, description = "There is no such service", body = crate::openapi::ErrorOut),
        (status = 422, description = "A value makes no sense", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:api-keys:write"])),
)]
pub(super) async fn of_service(
    authorized: Authorized<ApiKeysWrite>,
    State(state): State<ApiState>,
    OfService(service): OfService,
    JsonInput(input): JsonInput<NewApiKeyIn>,
) -> Result<Response, ApiError> {
    create(&authorized, &state, Some(&service), input).await
}

/// Makes a key of no service, for an operator or a program, and tells its text, this once.
#[utoipa::path(
    post,
    path = "/v1/api-keys",
    tag = "api keys",
    operation_id = "createOperatorApiKey",
    request_body = NewApiKeyIn,
    responses(
        (status = 201, description = "Made", body = ApiKeyOut),
        (status = 403, description = "The caller has not what the key would have, or is a service", body = crate::openapi::ErrorOut),
        (status = 422, description = "A value makes no sense", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:api-keys:write"])),
)]
pub(super) async fn of_none(
    authorized: Authorized<ApiKeysWrite>,
    State(state): State<ApiState>,
    JsonInput(input): JsonInput<NewApiKeyIn>,
) -> Result<Response, ApiError> {
    create(&authorized, &state, None, input).await
}

async fn create(
    authorized: &Authorized<ApiKeysWrite>,
    state: &ApiState,
    service: Option<&ServiceName>,
    input: NewApiKeyIn,
) -> Result<Response, ApiError> {
    let draft = input.check(state.environment());
    let ids = state.use_cases().tenant_ids;
    let answer = |made: &MadeKey| json(StatusCode::CREATED, &ApiKeyOut::of_made(made, ids));
    let keys = &state.use_cases().api_keys;
    let granting = Granting(authorized.caller().scopes());
    write(authorized, answer, async |writing| keys.create(service, draft, granting, writing).await).await
}

impl NewApiKeyIn {
    fn check(self, usual_environment: Environment) -> Draft<NewApiKey> {
        let mut invalid = Invalid::default();
        let name = invalid.take("name", self.name.parse());
        let environment = self.environment.and_then(|text| invalid.take("environment", text.parse()));
        let tenant = self.tenant_id.and_then(|text| invalid.take("tenantId", text.parse()));
        let expires_at = self.expires_at.and_then(|text| invalid.take("expiresAt", text.parse()));
        let tier = self.tier.and_then(|text| invalid.take("tier", text.parse()));
        if self.scopes.len() > MAX_SCOPES {
            invalid.add("scopes", format_args!("must have at most {MAX_SCOPES} entries"));
        }
        let scopes = self.scopes.iter().take(MAX_SCOPES).enumerate();
        let scopes = scopes
            .filter_map(|(index, text)| invalid.take(format!("scopes.{index}"), text.parse::<Scope>()))
            .collect::<Scopes>();
        let wish = NewApiKey { name, environment, usual_environment, tenant, expires_at, tier, scopes };
        Draft { wish, invalid }
    }
}
