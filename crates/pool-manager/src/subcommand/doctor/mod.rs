//! `pool-manager doctor`: a table of everything that is configured, with what to do about each fault. Faults of the
//! configuration stand in it too, and what is well configured beside them is tried all the same.

mod blanks;
mod broker;
mod cache;
mod cache_port;
mod clock;
mod configuration;
mod elasticache;
mod keys;
mod listener;
mod placeholders;
mod report;
mod row;
mod secrets;
mod store;
mod telemetry;
mod terraform;
mod tokens;
mod values;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use report::Report;
use row::Row;

use crate::config::{Config, Faults, Inspection, Section, Variables};
use crate::failure::Failure;
use crate::telemetry::Telemetry;

/// For one thing that is tried.
const LIMIT: Duration = Duration::from_secs(10);
/// Of a file that an argument names.
const LARGEST_FILE: u64 = 4 * 1_024 * 1_024;

/// What to look at, and how to tell of it.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
    /// Look at what is configured, and connect to nothing.
    #[arg(long)]
    offline: bool,
    /// A values file of the chart, whose variables count in place of the environment's; several as with helm. Connects to nothing:
    /// whoever wrote the file would choose to whom the secrets of this environment are shown.
    #[arg(long, value_name = "FILE")]
    values: Vec<PathBuf>,
    /// What `terraform output -json` printed, which the configuration must agree with.
    #[arg(long, value_name = "FILE")]
    terraform: Option<PathBuf>,
}

/// Looks and tells.
///
/// # Errors
/// When there are faults, all of which were told; when a file that is named cannot be read.
pub(crate) async fn run(arguments: Arguments, mut environment: Variables) -> Result<(), Failure> {
    let mut rows = Vec::new();
    let mut values = values::read(&arguments.values)?;
    let stood_in = values.stand_in(&environment);
    rows.extend(values.rows);
    environment = environment.overlaid(values.variables);
    rows.extend(blanks::row(&environment));
    rows.extend(placeholders::row(&environment));
    let Inspection { config, faults } = Config::inspect(&environment);
    drop(environment);
    Telemetry::install_for_command(&config.log)?;
    rows.extend(configuration::rows(&config, &faults));
    if let Some(file) = &arguments.terraform {
        rows.extend(terraform::rows(&terraform::read(file)?, &config.cache, &stood_in));
    }
    rows.extend(rows_here(&config, &faults));
    if !arguments.offline && arguments.values.is_empty() {
        rows.extend(rows_elsewhere(&config, &faults).await);
    }
    let report = Report::of(rows);
    if arguments.json {
        report.print_json();
    } else {
        report.print_table();
    }
    report.outcome()
}

/// What can be seen without a network.
fn rows_here(config: &Config, faults: &Faults) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some(files) = &config.edge.tls {
        rows.push(listener::certificate_row(files));
    }
    // Where the keys are kept is part of the deployment.
    if faults.spare(Section::Auth) && faults.spare(Section::Deployment) {
        rows.push(keys::api_key_row(&config.auth, &config.deployment));
    }
    if faults.spare(Section::Secrets) && faults.spare(Section::Deployment) {
        rows.push(keys::encryption_row(&config.secrets, &config.deployment));
    }
    if faults.spare(Section::Cache) {
        rows.extend(elasticache::rows(&config.cache));
    }
    rows
}

/// What answers, or does not.
async fn rows_elsewhere(config: &Config, faults: &Faults) -> Vec<Row> {
    let mut rows = Vec::new();
    if faults.spare(Section::Server) {
        rows.push(listener::address_row(config).await);
    }
    if faults.spare(Section::Tokens) && faults.spare(Section::Deployment) {
        rows.extend(tokens::rows(&config.tokens, config.deployment.mode.hosts()).await);
    }
    if faults.spare(Section::Secrets) && faults.spare(Section::Deployment) {
        rows.push(secrets::row(&config.secrets.backend, config.deployment.environment).await);
    }
    if faults.spare(Section::Store) && faults.spare(Section::Deployment) {
        rows.extend(store::rows(&config.store, &config.deployment).await);
    }
    if faults.spare(Section::Cache) {
        rows.extend(cache::rows(&config.cache).await);
    }
    if faults.spare(Section::Events) {
        rows.push(broker::row(config.events.rabbitmq.as_ref()).await);
        if let Some(second) = &config.events.legacy {
            rows.extend(cache::second_rows(second).await);
        }
    }
    if faults.spare(Section::Telemetry) {
        rows.push(telemetry::row(config.telemetry.endpoint.as_deref()).await);
    }
    rows
}

/// What is said of whom nothing was heard.
fn late() -> String {
    format!("no answer within {} s", LIMIT.as_secs())
}

/// The text of a file that an argument names, which may be a pipe.
fn text_of(argument: &'static str, file: &Path) -> Result<String, Failure> {
    let refused = |reason: String| {
        let reason = format!("{} {reason}", file.display());
        Failure::Argument { argument, reason }
    };
    let mut text = String::new();
    let opened = File::open(file).map(|opened| opened.take(LARGEST_FILE + 1));
    opened
        .and_then(|mut opened| opened.read_to_string(&mut text))
        .map_err(|error| refused(format!("cannot be read: {error}; name a file in UTF-8")))?;
    if text.len() as u64 > LARGEST_FILE {
        return Err(refused("is larger than 4 MiB; name the right file".to_owned()));
    }
    Ok(text)
}
