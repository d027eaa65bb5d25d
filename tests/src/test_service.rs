//! The product's stack around the routes of the tests.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use domain::IdempotencyLedger;
use pool_manager::config::Config;
use pool_manager::{App, Failure, Ports, RecordStore, SystemClock, Telemetry, build_with};

use crate::key_source::KeySource;
use crate::routes::{Executions, TestState, more_routes};
use crate::sqlite_ledger::SqliteLedger;

/// What a test brings to a service, and looks at afterwards. Clones are one.
#[derive(Clone)]
pub struct TestService {
    /// Where its keys are registered.
    pub source: KeySource,
    /// How often its write ran.
    pub executions: Executions,
    /// Where its writes are remembered; without one they change nothing but the count.
    pub ledger: Option<SqliteLedger>,
}

impl TestService {
    /// With the keys `0..keys`.
    pub fn new(keys: usize) -> Self {
        Self { source: KeySource::new(keys), executions: Executions::default(), ledger: None }
    }

    /// The same with a ledger in this file.
    pub fn with_ledger(self, path: &Path) -> Result<Self, rusqlite::Error> {
        Ok(Self { ledger: Some(SqliteLedger::open(path)?), ..self })
    }

    /// Builds the service as the binary does.
    pub fn build(&self, config: Config, telemetry: &Telemetry) -> Result<App, Failure> {
        let Self { source, executions, ledger } = self.clone();
        let cache = Arc::new(OnceLock::new());
        let clock = Arc::new(SystemClock);
        let store = RecordStore::embedded(&config.deployment.data_dir, clock.clone())?;
        let ports = Ports {
            store,
            api_keys: Arc::new(source.clone()),
            ledger: ledger.clone().map(|ledger| Arc::new(ledger) as Arc<dyn IdempotencyLedger>),
            routes: more_routes(TestState { source, executions, ledger, cache: Arc::clone(&cache) }),
        };
        let app = build_with(config, ports, clock, &telemetry.meter())?;
        // It was empty: it is ours alone.
        let _ = cache.set(app.cache().clone());
        Ok(app)
    }
}
