//! `pool-manager api-key rotate`.

use std::time::Duration;

use api::ApiKeyOut;
use clap::Args;
use tenancy::{ApiKeys, KeyPath};

use super::Desk;
use crate::failure::Failure;
use crate::output;

/// Arguments of `api-key rotate`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The id of the key.
    id: String,
    /// For how long the text before is good yet; never for longer than the key.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=ApiKeys::MAX_OVERLAP.as_secs()))]
    overlap_seconds: u64,
}

pub(super) async fn run(desk: &Desk, arguments: Arguments) -> Result<(), Failure> {
    let found = desk.keys.find(&arguments.id, &desk.actor).await.map_err(Failure::ApiKeyCommand)?;
    let path = KeyPath { service: found.key.binding.service.as_ref(), id: &arguments.id };
    let overlap = Duration::from_secs(arguments.overlap_seconds);
    let made = desk.keys.rotate(path, overlap, desk.granting(), desk.writing()).await;
    output::json(&ApiKeyOut::of_made(&made.map_err(Failure::ApiKeyCommand)?, desk.ids));
    Ok(())
}
