//! The product's stack around the routes of the tests.

use std::sync::{Arc, OnceLock};

use pool_manager::config::Config;
use pool_manager::{App, Failure, Ports, RecordStore, SecretBackend, SystemClock, Telemetry, build_with};

use crate::key_source::KeySource;
use crate::routes::{CannedAnswers, Executions, TestState, more_routes};
use crate::staged_keys::{Commits, StagedKeys};

/// What a test brings to a service, and looks at afterwards. Clones are one.
#[derive(Clone)]
pub struct TestService {
    /// Where the keys of its callers are registered.
    pub source: KeySource,
    /// How often its write ran.
    pub executions: Executions,
    /// What becomes of the commits of service keys.
    pub commits: Commits,
}

impl TestService {
    /// With the keys `0..keys`.
    pub fn new(keys: usize) -> Self {
        let (executions, commits) = (Executions::default(), Commits::default());
        Self { source: KeySource::new(keys), executions, commits }
    }

    /// Builds the service as the binary does.
    pub async fn build(&self, config: Config, telemetry: &Telemetry) -> Result<App, Failure> {
        let Self { source, executions, commits } = self.clone();
        let cache = Arc::new(OnceLock::new());
        let clock = Arc::new(SystemClock);
        let staged = commits.clone();
        let store = RecordStore::of(&config.store, &config.deployment.data_dir, clock.clone())
            .await?
            .with_api_keys(|keys| Arc::new(StagedKeys { keys, commits: staged }));
        let ports = Ports {
            store,
            secrets: SecretBackend::of(&config.secrets.backend).await?,
            api_keys: Arc::new(source.clone()),
            routes: more_routes(TestState {
                source,
                executions,
                commits,
                canned: CannedAnswers::default(),
                cache: Arc::clone(&cache),
            }),
        };
        let app = build_with(config, ports, clock, &telemetry.meter())?;
        // It was empty: it is ours alone.
        let _ = cache.set(app.cache().clone());
        Ok(app)
    }
}
