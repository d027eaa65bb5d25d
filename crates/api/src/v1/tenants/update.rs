//! `PATCH /v1/tenants/{tenantId}`: changes what is given.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use domain::{Invalid, Tenant};
use http::StatusCode;
use serde::Deserialize;
use tenancy::{Draft, TenantPatch};
use utoipa::ToSchema;

use super::tenant_out::TenantOut;
use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::json_input::JsonInput;
use crate::path::OfTenant;
use crate::permission::TenantsWrite;
use crate::state::ApiState;
use crate::write::{json, write};

/// What is to be changed; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TenantPatchIn {
    #[serde(default)]
    #[schema(example = "Blue Bank")]
    name: Option<String>,
    #[serde(default)]
    isolation: Option<String>,
    /// Entries to be set, or with `null` to be removed (RFC 7396).
    #[serde(default)]
    metadata: BTreeMap<String, Option<String>>,
    #[serde(default)]
    owner: Option<OwnerPatchIn>,
    /// Cannot be changed; taken only to say so.
    #[serde(default)]
    #[schema(ignore)]
    slug: Option<String>,
    #[serde(default)]
    #[schema(ignore)]
    environment: Option<String>,
}

/// What is to be changed of the owner.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct OwnerPatchIn {
    email_verified: Option<bool>,
}

/// Changes what is given. Slug and environment stay for ever.
#[utoipa::path(
    patch,
    path = "/v1/tenants/{tenantId}",
    tag = "tenants",
    operation_id = "updateTenant",
    params(("tenantId" = String, Path, description = "Id, with or without dashes")),
    request_body = TenantPatchIn,
    responses(
        (status = 200, description = "The tenant as it is now", body = TenantOut),
        (status = 404, description = "There is none", body = crate::openapi::ErrorOut),
        (status = 422, description = "A value makes no sense", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:tenants:write"])),
)]
pub(super) async fn handler(
    authorized: Authorized<TenantsWrite>,
    State(state): State<ApiState>,
    OfTenant(id): OfTenant,
    JsonInput(input): JsonInput<TenantPatchIn>,
) -> Result<Response, ApiError> {
    let draft = input.check();
    let ids = state.use_cases().tenant_ids;
    let answer = |tenant: &Tenant| json(StatusCode::OK, &TenantOut::of(tenant, ids));
    let tenants = &state.use_cases().tenants;
    write(&authorized, answer, async |writing| tenants.update(&id, draft, writing).await).await
}

impl TenantPatchIn {
    fn check(self) -> Draft<TenantPatch> {
        let mut invalid = Invalid::default();
        for (name, given) in [("slug", self.slug), ("environment", self.environment)] {
            if given.is_some() {
                invalid.add(name, "cannot be changed");
            }
        }
        let wish = TenantPatch {
            name: self.name.and_then(|name| invalid.take("name", name.parse())),
            isolation: self.isolation.and_then(|text| invalid.take("isolation", text.parse())),
            email_verified: self.owner.and_then(|owner| owner.email_verified),
            metadata: self.metadata,
        };
        Draft { wish, invalid }
    }
}
