//! Where a deletion on the command line leaves its rows of the audit log.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::SystemClock;
use middleware::error_chain;
use tenancy::AuditNotes;

use crate::config::StoreConfig;
use crate::randomness;
use crate::record_store::{self, RecordStore};

/// How long the last rows are tried to be written.
const LIMIT: Duration = Duration::from_secs(3);

/// The audit log of the store that is configured; `None` where it gives no answer, or where there is no embedded store: none is
/// made for this. Then the line of the log alone tells of the deletion, which goes on.
pub(super) async fn open(config: &StoreConfig, data_dir: &Path) -> Option<AuditNotes> {
    if matches!(config, StoreConfig::Embedded) && !record_store::embedded_file(data_dir).exists() {
        tracing::warn!("no row of the audit log is written: there is no record store here");
        return None;
    }
    let clock = Arc::new(SystemClock);
    match RecordStore::up_to_date(config, data_dir, clock.clone()).await {
        Ok(store) => Some(AuditNotes::new(store.audit.clone(), clock, randomness::SYSTEM)),
        Err(failure) => {
            tracing::warn!(error = error_chain(&failure), "no row of the audit log is written");
            None
        }
    }
}

/// Writes what is not written yet: the process ends.
pub(super) async fn finish(notes: Option<AuditNotes>) {
    let Some(notes) = notes else { return };
    if tokio::time::timeout(LIMIT, notes.write_out()).await != Ok(true) {
        tracing::warn!("rows of the audit log were not written: the record store gives no answer");
    }
}
