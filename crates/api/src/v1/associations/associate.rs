//! `POST /v1/tenants/{tenantId}/associations/{service}`: gives a tenant a service.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use domain::{ConnectionSettings, Invalid, Isolation};
use http::StatusCode;
use serde::Deserialize;
use tenancy::{AssociationView, Draft, NewAssociation};
use utoipa::ToSchema;

use super::association_out::AssociationOut;
use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::json_input::OptionalInput;
use crate::path::OfAssociation;
use crate::permission::AssociationsWrite;
use crate::state::ApiState;
use crate::v1::resources::{ConnectionSettingsBody, ModuleBody, connections};
use crate::whole_number::WholeNumber;
use crate::write::{json, write};

/// An association to be made.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct NewAssociationIn {
    /// `isolated` (also `database`, `dedicated`) or `schema` (also `shared`); as the tenant says where there is none.
    #[schema(example = "isolated")]
    isolation_mode: Option<String>,
    /// The same as in `connectionSettings`, as the public clients send it.
    #[schema(value_type = Option<u32>, maximum = 10000, example = 25)]
    max_open_conns: Option<WholeNumber>,
    #[schema(value_type = Option<u32>, maximum = 10000, example = 5)]
    max_idle_conns: Option<WholeNumber>,
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
    request_body = Option<NewAssociationIn>,
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
    let mut invalid = Invalid::default();
    let wish = input.check(&mut invalid);
    let draft = Draft { wish, invalid };
    let answer = |view: &AssociationView| json(StatusCode::CREATED, &AssociationOut::of(view));
    let associations = &state.use_cases().associations;
    write(&authorized, answer, async |writing| {
        associations.associate(&tenant, &service, draft, writing).await
    })
    .await
}

impl NewAssociationIn {
    /// What is wished, and what is wrong with it as far as it can be told without the tenant and the service.
    pub(crate) fn check(self, invalid: &mut Invalid) -> NewAssociation {
        let flat = self.flat(invalid);
        let mode = self.isolation_mode.filter(|mode| !mode.is_empty());
        // In place of what is no mode, the one that asks for nothing more.
        let isolation =
            mode.map(|mode| invalid.take("isolationMode", mode.parse()).unwrap_or(Isolation::Isolated));
        let settings = self.connection_settings.map(|settings| {
            let settings = settings.given("connectionSettings", invalid);
            settings.check("connectionSettings", invalid);
            settings
        });
        if flat.is_some() && settings.is_some() {
            invalid.add("connectionSettings", "must not be given beside maxOpenConns and maxIdleConns");
        }
        let modules = self.modules.into_iter().map(|(name, body)| {
            let given = body.given(&format!("modules.{name}"), invalid);
            (name, given)
        });
        let modules = modules.collect();
        NewAssociation { isolation, connection_settings: settings.or(flat), modules }
    }

    /// The limits that do not stand in `connectionSettings`.
    fn flat(&self, invalid: &mut Invalid) -> Option<ConnectionSettings> {
        let (open, idle) = (self.max_open_conns, self.max_idle_conns);
        let settings = open.or(idle).map(|_any| ConnectionSettings {
            max_open_conns: connections(open.unwrap_or_default(), "maxOpenConns", invalid),
            max_idle_conns: connections(idle.unwrap_or_default(), "maxIdleConns", invalid),
            statement_timeout: None,
        });
        settings.inspect(|settings| settings.check("", invalid))
    }
}
