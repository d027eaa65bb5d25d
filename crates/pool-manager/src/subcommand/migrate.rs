//! `pool-manager migrate`: brings the schema of the record store up to date and ends.

use std::sync::Arc;

use domain::SystemClock;

use crate::config::Config;
use crate::failure::Failure;
use crate::output;
use crate::record_store::RecordStore;
use crate::telemetry::Telemetry;

pub(crate) async fn run(config: Config) -> Result<(), Failure> {
    Telemetry::install_for_command(&config.log)?;
    let store =
        RecordStore::up_to_date(&config.store, &config.deployment.data_dir, Arc::new(SystemClock)).await?;
    let made_again = store.make_missing_indexes().await?;
    if made_again > 0 {
        output::line(&format!("indexes that were missing and are made again: {made_again}"));
    }
    output::line("the record store is up to date");
    Ok(())
}
