//! `POST /v1/tenants`: makes a tenant.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use domain::{Invalid, Isolation, Owner, TextMap};
use http::StatusCode;
use serde::Deserialize;
use tenancy::{Draft, NewTenant, RegisteredTenant};
use utoipa::ToSchema;

use super::tenant_out::TenantOut;
use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::json_input::JsonInput;
use crate::permission::TenantsWrite;
use crate::state::ApiState;
use crate::write::{json, write};

/// A tenant to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewTenantIn {
    /// Made from the name where there is none.
    #[serde(default)]
    #[schema(
        pattern = "^([A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?)?$",
        max_length = 63,
        example = "blue-bank"
    )]
    slug: Option<String>,
    #[schema(min_length = 1, max_length = 200, example = "Blue Bank")]
    name: String,
    /// `staging` or `production`.
    #[schema(pattern = "^(staging|production)$", example = "staging")]
    environment: String,
    /// `isolated` (also `database`, `dedicated`) or `schema` (also `shared`); `isolated` where there is none.
    #[serde(default)]
    #[schema(pattern = "^(isolated|database|dedicated|schema|shared)?$", example = "isolated")]
    isolation: Option<String>,
    #[serde(default)]
    metadata: Option<BTreeMap<String, String>>,
    owner: OwnerIn,
}

/// The first user of a tenant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct OwnerIn {
    #[schema(pattern = "^[^@\\s]+@[^@\\s]+$", max_length = 254, example = "ana@example.com")]
    email: String,
    /// bcrypt; a password is never sent.
    #[serde(default)]
    #[schema(write_only, pattern = "^([$]2[aby][$][0-9]{2}[$][./A-Za-z0-9]{53})?$")]
    password_hash: Option<String>,
    #[serde(default)]
    email_verified: bool,
}

/// Makes a tenant, active at once. The same slug, environment and owner again make nothing and answer 200.
#[utoipa::path(
    post,
    path = "/v1/tenants",
    tag = "tenants",
    operation_id = "createTenant",
    request_body = NewTenantIn,
    responses(
        (status = 201, description = "Made", body = TenantOut),
        (status = 200, description = "Made before", body = TenantOut),
        (status = 409, description = "Another tenant has the slug", body = crate::openapi::ErrorOut),
        (status = 422, description = "A value makes no sense", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:tenants:write"])),
)]
pub(super) async fn handler(
    authorized: Authorized<TenantsWrite>,
    State(state): State<ApiState>,
    JsonInput(input): JsonInput<NewTenantIn>,
) -> Result<Response, ApiError> {
    let draft = input.check();
    let ids = state.use_cases().tenant_ids;
    let answer = |registered: &RegisteredTenant| {
        let status = if registered.is_new { StatusCode::CREATED } else { StatusCode::OK };
        json(status, &TenantOut::of(&registered.tenant, ids))
    };
    let tenants = &state.use_cases().tenants;
    write(&authorized, answer, async |writing| tenants.create(draft, writing).await).await
}

impl NewTenantIn {
    fn check(self) -> Draft<NewTenant> {
        let mut invalid = Invalid::default();
        let slug = self.slug.filter(|slug| !slug.is_empty());
        let slug = slug.and_then(|slug| invalid.take("slug", slug.parse()));
        let name = invalid.take("name", self.name.parse());
        let environment = invalid.take("environment", self.environment.parse());
        let isolation = self.isolation.filter(|text| !text.is_empty());
        let isolation = isolation.and_then(|text| invalid.take("isolation", text.parse()));
        let metadata = TextMap::check(self.metadata.unwrap_or_default(), "metadata", &mut invalid);
        let owner = self.owner.check(&mut invalid);
        let isolation = isolation.unwrap_or(Isolation::Isolated);
        let metadata = metadata.unwrap_or_default();
        Draft { wish: NewTenant { slug, name, environment, isolation, metadata, owner }, invalid }
    }
}

impl OwnerIn {
    pub(crate) fn check(self, invalid: &mut Invalid) -> Option<Owner> {
        let email = invalid.take("owner.email", self.email.parse());
        let hash = self.password_hash.filter(|hash| !hash.is_empty());
        let hash = hash.map(|hash| invalid.take("owner.passwordHash", hash.parse()));
        match (email, hash) {
            (Some(email), hash @ (None | Some(Some(_)))) => {
                Some(Owner { email, email_verified: self.email_verified, password_hash: hash.flatten() })
            }
            _ => None,
        }
    }
}
