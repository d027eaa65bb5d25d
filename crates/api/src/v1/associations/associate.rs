//! `POST /v1/tenants/{tenantId}/associations/{service}`: gives a tenant a service.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use domain::{ConnectionSettings, Invalid, ModuleName};
use http::StatusCode;
use serde::Deserialize;
use tenancy::{AssociationView, GivenModule, NewAssociation};
use utoipa::ToSchema;

use super::association_out::AssociationOut;
use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::json_input::OptionalInput;
use crate::path::OfAssociation;
use crate::permission::AssociationsWrite;
use crate::state::ApiState;
use crate::v1::resources::{ConnectionSettingsBody, ModuleBody};
use crate::write::{json, write};

/// An association to be made.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct NewAssociationIn {
    /// `isolated` (also `database`, `dedicated`) or `schema` (also `shared`); as the tenant says where there is none.
    #[schema(example = "isolated")]
    isolation_mode: Option<String>,
    /// The same as in `connectionSettings`, as the public clients send it.
    #[schema(example = 25)]
    max_open_conns: Option<u32>,
    #[schema(example = 5)]
    max_idle_conns: Option<u32>,
    connection_settings: Option<ConnectionSettingsBody>,
    /// The backing stores by module.
    modules: BTreeMap<String, ModuleBody>,
}

/// Gives a tenant a registered service, active at once. One that it has already is 409, be it the very same.
#[utoipa::path(
    post,
    path = "/v1/tenants/{tenantId}/associations/{service}",
    tag = "associations",
    operation_id = "associate",
    params(
        ("tenantId" = String, Path, description = "Id, with or without dashes"),
        ("service" = String, Path, description = "The service"),
    ),
    request_body = NewAssociationIn,
    responses(
        (status = 201, description = "Made", body = AssociationOut),
        (status = 404, description = "There is no such tenant or service", body = crate::openapi::ErrorOut),
        (status = 409, description = "The tenant has it already", body = crate::openapi::ErrorOut),
        (status = 422, description = "A value makes no sense", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:associations:write"])),
)]
pub(super) async fn handler(
    authorized: Authorized<AssociationsWrite>,
    State(state): State<ApiState>,
    OfAssociation { tenant, service }: OfAssociation,
    OptionalInput(input): OptionalInput<NewAssociationIn>,
) -> Result<Response, ApiError> {
    let wish = input.check()?;
    let answer = |view: &AssociationView| json(StatusCode::CREATED, &AssociationOut::of(view));
    let associations = &state.use_cases().associations;
    write(&authorized, answer, async |writing| associations.associate(&tenant, &service, wish, writing).await)
        .await
}

impl NewAssociationIn {
    pub(crate) fn check(self) -> Result<NewAssociation, Invalid> {
        let mut invalid = Invalid::default();
        let mode = self.isolation_mode.filter(|mode| !mode.is_empty());
        let isolation = mode.map(|mode| invalid.take("isolationMode", mode.parse()));
        let is_flat = self.max_open_conns.is_some() || self.max_idle_conns.is_some();
        let flat = is_flat.then(|| ConnectionSettings {
            max_open_conns: self.max_open_conns.unwrap_or_default(),
            max_idle_conns: self.max_idle_conns.unwrap_or_default(),
            statement_timeout: None,
        });
        if flat.is_some() && self.connection_settings.is_some() {
            invalid.add("connectionSettings", "must not be given beside maxOpenConns and maxIdleConns");
        }
        let mut modules: BTreeMap<ModuleName, GivenModule> = BTreeMap::new();
        for (name, body) in self.modules {
            if let Some(name) = invalid.take(format!("modules.{name}"), name.parse()) {
                modules.insert(name, body.into());
            }
        }
        invalid.into_result()?;
        Ok(NewAssociation {
            isolation: isolation.flatten(),
            connection_settings: self.connection_settings.map(Into::into).or(flat),
            modules,
        })
    }
}
