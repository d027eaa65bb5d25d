//! `PUT /v1/tenants/{tenantId}/associations/{service}/credentials/rotate`: gives a backing store other credentials.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use domain::Invalid;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tenancy::{ModulePath, Rotated, Rotation};
use utoipa::ToSchema;

use crate::authorization::Authorized;
use crate::error::ApiError;
use crate::json_input::JsonInput;
use crate::path::OfAssociation;
use crate::permission::AssociationsWrite;
use crate::state::ApiState;
use crate::v1::resources::SecretString;
use crate::whole_number::WholeNumber;
use crate::write::{json, write};

/// Credentials to be put in place of others.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RotationIn {
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length = 64, example = "onboarding")]
    module: String,
    /// `postgresql`, `postgresqlReplica`, `mongodb`, `rabbitmq` or `kafka`.
    #[schema(pattern = "^(postgresql|postgresqlReplica|mongodb|rabbitmq|kafka)$", example = "postgresql")]
    resource: String,
    /// Who logs in from now on; the same as before where there is none.
    username: Option<String>,
    /// The new password.
    password: Option<SecretString>,
    /// For MongoDB, the new URI in place of a password.
    uri: Option<SecretString>,
    /// How long the former credentials stay readable, and have to be valid: 35 to 86400, 300 where it is not said.
    #[schema(value_type = Option<u64>, minimum = 35, maximum = 86400, example = 300)]
    overlap_seconds: Option<WholeNumber>,
}

/// Credentials that were put in place of others.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RotatedOut {
    service_name: String,
    module: String,
    resource: String,
    /// Where the new secret is.
    secret_path: String,
    /// Which version of it.
    secret_version: String,
    /// Until when the former version stays readable.
    former_readable_until: String,
}

/// Puts other credentials in place of those that one backing store has, and tells the service to read them. The new ones have
/// to be valid already, and the former ones for the overlap.
#[utoipa::path(
    put,
    path = "/v1/tenants/{tenantId}/associations/{service}/credentials/rotate",
    tag = "associations",
    operation_id = "rotateCredentials",
    params(
        ("tenantId" = String, Path, description = "Id, with or without dashes"),
        ("service" = String, Path, description = "The service"),
    ),
    request_body = RotationIn,
    responses(
        (status = 200, description = "Where the new credentials are", body = RotatedOut),
        (status = 404, description = "There is no such association, module or backing store", body = crate::openapi::ErrorOut),
        (status = 422, description = "A value makes no sense", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:associations:write"])),
)]
pub(super) async fn handler(
    authorized: Authorized<AssociationsWrite>,
    State(state): State<ApiState>,
    OfAssociation { tenant, service }: OfAssociation,
    JsonInput(input): JsonInput<RotationIn>,
) -> Result<Response, ApiError> {
    let mut invalid = Invalid::default();
    let module = invalid.take("module", input.module.parse());
    let kind = invalid.take("resource", input.resource.parse());
    let range = Rotation::LEAST_OVERLAP.as_secs()..=Rotation::MOST_OVERLAP.as_secs();
    let seconds = input.overlap_seconds.map(|given| given.noted(&range, "overlapSeconds", &mut invalid));
    let overlap = seconds.map_or(Rotation::USUAL_OVERLAP, Duration::from_secs);
    let (Some(module), Some(kind)) = (module, kind) else { return Err(invalid.into()) };
    invalid.into_result()?;
    let (password, uri) = (input.password.map(|it| it.0), input.uri.map(|it| it.0));
    let rotation = Rotation { kind, username: input.username, password, uri, overlap };
    let path = ModulePath { tenant, service, module };
    let answer = |rotated: &Rotated| json(StatusCode::OK, &RotatedOut::of(&path, rotated));
    let modules = &state.use_cases().modules;
    write(&authorized, answer, async |writing| modules.rotate(&path, rotation, writing).await).await
}

impl RotatedOut {
    fn of(path: &ModulePath, rotated: &Rotated) -> Self {
        Self {
            service_name: path.service.to_string(),
            module: path.module.to_string(),
            resource: rotated.kind.to_string(),
            secret_path: rotated.secret.path.to_string(),
            secret_version: rotated.secret.version.to_string(),
            former_readable_until: rotated.former_until.to_string(),
        }
    }
}
