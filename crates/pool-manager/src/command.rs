//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use middleware::error_chain;

use crate::config::{Config, Variables};
use crate::failure::Failure;
use crate::output;
use crate::subcommand::{api_key, audit, cache, doctor, health, import, migrate, serve};

/// Knows the tenants of a platform, their connections and their cache. Configured by environment variables; the
/// README lists them.
#[derive(Parser)]
#[command(name = "pool-manager", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve HTTP until SIGTERM (the default).
    Serve,
    /// Look at the configuration, connect to everything it names and say how to mend each fault.
    Doctor(doctor::Arguments),
    /// Ask the service that runs here with the same configuration whether it is well.
    Health(health::Arguments),
    /// Bring the schema of the record store up to date.
    Migrate,
    /// Take over services, tenants, associations and API keys of another service, one JSON object a line.
    Import {
        /// The file.
        file: PathBuf,
    },
    /// Print the OpenAPI document of the HTTP API.
    Openapi,
    /// Make, list, revoke and rotate API keys in the record store, one JSON object a line.
    #[command(subcommand)]
    ApiKey(api_key::ApiKeyCommand),
    /// Find what was done to the audit log.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Look at and clear the cache, one JSON object a line.
    #[command(subcommand)]
    Cache(cache::CacheCommand),
}

/// Runs the command that the arguments name. Exit codes: 0 done, 64 the configuration or the command line must
/// change, 1 failed, also a deletion that did not reach every key and an audit log that is not intact.
pub fn run(arguments: impl IntoIterator<Item = OsString>, environment: Variables) -> ExitCode {
    let command = match CommandLine::try_parse_from(arguments) {
        Ok(line) => line.command.unwrap_or(Command::Serve),
        Err(error) => {
            // Also help and version, which are no errors.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(64) } else { ExitCode::SUCCESS };
        }
    };
    match execute(command, environment) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::error(&format!("pool-manager: {}", error_chain(&failure)));
            failure.exit_code()
        }
    }
}

fn execute(command: Command, environment: Variables) -> Result<(), Failure> {
    // The environment holds secrets: it goes once it was read, and from then on only those who need them have them.
    let inspect = |environment: Variables| Config::inspect(&environment);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Openapi => {
                output::text(&api::openapi_document());
                Ok(())
            }
            Command::Doctor(arguments) => Box::pin(doctor::run(arguments, environment)).await,
            Command::Migrate => migrate::run(inspect(environment).sound()?).await,
            Command::Import { file } => import::run(file, inspect(environment).sound()?).await,
            Command::Health(arguments) => health::run(arguments, inspect(environment).sound()?).await,
            Command::Serve => Box::pin(serve::run(inspect(environment).sound()?)).await,
            Command::ApiKey(command) => Box::pin(api_key::run(command, inspect(environment))).await,
            Command::Audit(command) => audit::run(command, inspect(environment).sound()?).await,
            Command::Cache(command) => cache::run(command, inspect(environment).sound()?).await,
        }
    })
}
