//! `pool-manager api-key create`.

use api::ApiKeyOut;
use clap::Args;
use domain::{DisplayName, Environment, RateTier, Scope, ServiceName, TenantId, Timestamp};
use tenancy::NewApiKey;

use super::Desk;
use crate::failure::Failure;
use crate::output;

/// Arguments of `api-key create`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// What people call it.
    #[arg(long)]
    name: DisplayName,
    /// The service that calls with it; it must be registered. Without one it is a key of an operator or a program.
    #[arg(long)]
    service: Option<ServiceName>,
    /// The environment whose tenants it sees: staging or production. Without one, that of the tenant; else of a service's key
    /// ENVIRONMENT_NAME, and of any other both.
    #[arg(long)]
    environment: Option<Environment>,
    /// The one tenant that it sees.
    #[arg(long)]
    tenant: Option<TenantId>,
    /// What it may do, such as "backoffice:tm:*:read"; may be given several times.
    #[arg(long = "scope")]
    scopes: Vec<Scope>,
    /// The rate limit that it is held to: default, aggressive, relaxed or service.
    #[arg(long)]
    tier: Option<RateTier>,
    /// From when on it is refused, such as 2027-01-31T08:00:00Z.
    #[arg(long)]
    expires_at: Option<Timestamp>,
}

pub(super) async fn run(desk: &Desk, arguments: Arguments) -> Result<(), Failure> {
    let wish = NewApiKey {
        name: Some(arguments.name),
        environment: arguments.environment,
        usual_environment: desk.environment,
        tenant: arguments.tenant,
        expires_at: arguments.expires_at,
        tier: arguments.tier,
        scopes: arguments.scopes.into_iter().collect(),
    };
    let service = arguments.service.as_ref();
    let made = desk.keys.create(service, wish.into(), desk.granting(), desk.writing()).await;
    output::json(&ApiKeyOut::of_made(&made.map_err(Failure::ApiKeyCommand)?, desk.ids));
    Ok(())
}
