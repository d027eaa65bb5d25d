//! `pool-manager api-key revoke`.

use api::ApiKeyOut;
use clap::Args;
use domain::RevocationReason;
use tenancy::KeyPath;

use super::Desk;
use crate::failure::Failure;
use crate::output;

/// Arguments of `api-key revoke`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The id of the key.
    id: String,
    /// Why, for whoever looks at the key later: 200 characters at most.
    #[arg(long)]
    reason: Option<RevocationReason>,
}

pub(super) async fn run(desk: &Desk, arguments: Arguments) -> Result<(), Failure> {
    let found = desk.keys.find(&arguments.id, &desk.actor).await.map_err(Failure::ApiKeyCommand)?;
    let path = KeyPath { service: found.key.binding.service.as_ref(), id: &arguments.id };
    let revoked = desk.keys.revoke(path, arguments.reason, desk.granting(), desk.writing()).await;
    output::json(&ApiKeyOut::of_changed(&revoked.map_err(Failure::ApiKeyCommand)?, desk.ids));
    Ok(())
}
