//! Making the first connection to the cache while the service already listens.

use std::time::Duration;

use cache::{CacheConfig, CacheError, CacheHandle, Selection};
use middleware::error_chain;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Also the longest that a replica which starts during an outage stays behind its end.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// The handle that requests go through: at once the embedded cache, or one that waits for [`connect`].
pub(crate) fn handle(selection: &Selection) -> CacheHandle {
    match selection {
        Selection::Embedded => CacheHandle::connected(cache::Cache::embedded()),
        Selection::Valkey { config, .. } => {
            CacheHandle::connecting(config.addresses.iter().map(ToString::to_string))
        }
    }
}

/// The configured addresses for a person to read.
pub(crate) fn addresses(config: &CacheConfig) -> String {
    config.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// Tries until the cache answers, then hands it to `handle`. Fails only when waiting cannot help: wrong
/// credentials, certificate or topology. Once connected, the cache mends its links by itself.
pub(crate) async fn connect(config: &CacheConfig, handle: &CacheHandle) -> Result<(), CacheError> {
    let mut pause = FIRST_PAUSE;
    loop {
        match cache::connect(config.clone()).await {
            Ok(cache) => {
                tracing::info!(mode = config.mode.name(), "the cache answers");
                handle.attach(cache);
                return Ok(());
            }
            Err(error) if error.is_misconfiguration() => return Err(error),
            Err(error) => {
                let (cause, seconds) = (error_chain(&error), pause.as_secs_f64());
                // A server that speaks none looks like one that hangs.
                let hint = config.tls.then_some("CACHE_TLS_ENABLED is set: does this port speak TLS?");
                tracing::warn!(error = cause, next_try_seconds = seconds, hint, "the cache does not answer");
                handle.failed(error);
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
