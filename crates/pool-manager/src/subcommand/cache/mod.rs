//! `pool-manager cache`: the cache API for whoever has a shell in the container and no API key. Reads the same
//! environment as the service and shows values by the same rule.

mod delete;
mod get;
mod keys;
mod notes;
mod stats;

use bytes::Bytes;
use cache::{Cache, CacheClient, Keyspace, Selection};
use clap::Subcommand;

use crate::config::Config;
use crate::failure::Failure;
use crate::telemetry::Telemetry;

/// What to do with the cache.
#[derive(Subcommand)]
pub(crate) enum CacheCommand {
    /// List one page of keys; the last line holds the cursor of the next.
    Keys(keys::Arguments),
    /// Look at one key; its value shows only where it is harmless.
    Get(get::Arguments),
    /// Delete keys, or all that match a pattern.
    Delete(delete::Arguments),
    /// Figures of every node and their totals.
    Stats,
}

/// The cache and its keys.
pub(crate) struct Target {
    cache: Cache,
    keyspace: Keyspace,
}

pub(crate) async fn run(command: CacheCommand, config: Config) -> Result<(), Failure> {
    Telemetry::install_for_command(&config.log)?;
    let Config { cache, store, deployment, .. } = config;
    let Selection::Valkey { config, .. } = cache else { return Err(Failure::EmbeddedCache) };
    let cache = cache::connect(config).await.map_err(|error| {
        if error.is_misconfiguration() { Failure::Cache(error) } else { Failure::CacheCommand(error) }
    })?;
    let target = Target { keyspace: cache.keyspace(), cache };
    let outcome = match command {
        CacheCommand::Keys(arguments) => keys::run(&target, &arguments).await,
        CacheCommand::Get(arguments) => get::run(&target, &arguments).await,
        CacheCommand::Delete(arguments) => {
            let notes = notes::open(&store, &deployment.data_dir).await;
            let outcome = delete::run(&target, notes.clone(), arguments).await;
            notes::finish(notes).await;
            outcome
        }
        CacheCommand::Stats => stats::run(&target).await,
    };
    target.cache.close().await;
    outcome
}

/// A key from the command line.
fn key(text: &str, is_base64: bool) -> Result<Bytes, Failure> {
    if !is_base64 {
        return Ok(Bytes::copy_from_slice(text.as_bytes()));
    }
    api::key_of_base64(text.as_bytes()).ok_or_else(|| Failure::Argument {
        argument: "--base64",
        reason: format!("{text:?} is no base64 (RFC 4648, with padding)"),
    })
}

/// A pattern from the command line.
fn pattern(text: &str) -> Result<cache::Glob, Failure> {
    text.parse().map_err(|error: cache::GlobError| Failure::Argument {
        argument: "--pattern",
        reason: error.to_string(),
    })
}
