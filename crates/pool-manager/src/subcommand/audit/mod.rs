//! `pool-manager audit`: what was done to the audit log, for whoever has the keys. Reads the same environment as the service.

mod head;
mod verify;

use std::sync::Arc;

use clap::Subcommand;
use domain::{AuditLog, Clock, SystemClock};
use tenancy::AuditChain;

use super::offline;
use crate::config::Config;
use crate::failure::Failure;
use crate::first_start;
use crate::record_store::RecordStore;
use crate::telemetry::Telemetry;

/// What to do with the audit log.
#[derive(Subcommand)]
pub(crate) enum AuditCommand {
    /// Go through the whole log and say what was removed, altered or put in another order since it was written.
    Verify(verify::Arguments),
    /// Print the end of the log, signed, to be kept elsewhere and given to `verify` later.
    Head,
}

/// The log, and the keys of its chain.
struct Target {
    log: Arc<dyn AuditLog>,
    chain: AuditChain,
    clock: Arc<dyn Clock>,
}

pub(crate) async fn run(command: AuditCommand, config: Config) -> Result<(), Failure> {
    Telemetry::install_for_command(&config.log)?;
    offline::expect_records(&config)?;
    let data_dir = &config.deployment.data_dir;
    let ring = first_start::existing_ring(config.secrets.encryption_keys, data_dir)?;
    let ring = ring.ok_or(Failure::NoChainKey)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = RecordStore::up_to_date(&config.store, data_dir, Arc::clone(&clock)).await?;
    let target = Target { log: store.audit.clone(), chain: AuditChain::of(&ring), clock };
    match command {
        AuditCommand::Verify(arguments) => verify::run(&target, &arguments).await,
        AuditCommand::Head => head::run(&target).await,
    }
}
