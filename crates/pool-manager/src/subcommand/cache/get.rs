//! `pool-manager cache get`.

use api::KeyReport;
use clap::Args;

use super::{Target, key};
use crate::failure::Failure;
use crate::output;

/// Arguments of `cache get`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The key.
    key: String,
    /// The key is written in base64, as `keyBase64` shows it.
    #[arg(long)]
    base64: bool,
}

pub(super) async fn run(target: &Target, arguments: &Arguments) -> Result<(), Failure> {
    let key = key(&arguments.key, arguments.base64)?;
    let report = KeyReport::read(&target.keyspace, &key).await.map_err(Failure::CacheCommand)?;
    output::json(&report);
    Ok(())
}
