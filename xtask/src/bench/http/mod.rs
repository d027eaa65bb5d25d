//! `cargo xtask bench http`: what each layer costs.
//!
//! Real servers, a release build, 64 connections that are kept open. The rows take turns, round after round, and the table
//! has the median of the rounds: what else the machine does then falls on all of them. The first figure to look at is the
//! CPU time of the service's process for a request: it is far steadier than requests a second on a machine that the load,
//! the service and Valkey share.

mod row;
mod table;

use std::path::Path;

use clap::Args;
use row::{ROWS, Row};
use testkit::{TokenIssuer, ValkeyServer};
use tokio::runtime::Runtime;

use super::rig::measurement::Measurement;
use super::rig::service::Service;
use super::rig::{self, Meter, Stage};
use crate::command::Failure;

/// How long to measure.
#[derive(Args)]
pub(crate) struct Arguments {
    /// How often each row is measured.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
    /// For how long each time, in seconds.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
}

/// Installs what is missing, starts Valkey and three services, and measures.
///
/// # Errors
/// When something cannot be installed or does not compile, or a request fails.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let program = rig::prepare()?;
    Runtime::new()?.block_on(measure(&program, arguments))
}

async fn measure(program: &Path, arguments: &Arguments) -> Result<(), Failure> {
    let valkey = ValkeyServer::start().await;
    let keys = rig::known_keys(program)?;
    let issuer = TokenIssuer::start().await;
    let mut meter = Meter::new(&keys, &issuer.token("user_1", &[]), valkey.pid());
    let start = |stage| Service::start(program, stage, valkey.address(), issuer.url());
    let services = [start(Stage::Bare).await, start(Stage::Unlimited).await, start(Stage::Whole).await];
    println!("xtask: three services run; the last gets to know its callers");
    services[2].introduce(&keys, "/test/read").await;
    let service = |row: &Row| match row.stage {
        Stage::Bare => &services[0],
        Stage::Unlimited => &services[1],
        Stage::Whole => &services[2],
    };
    println!("xtask: {} rounds of {} s for each of {} rows", arguments.rounds, arguments.seconds, ROWS.len());
    for row in &ROWS {
        meter.measure(service(row), &row.request, 1).await?;
    }
    let mut runs: [Vec<Measurement>; ROWS.len()] = Default::default();
    for _ in 0..arguments.rounds {
        for (row, runs) in ROWS.iter().zip(&mut runs) {
            runs.push(meter.measure(service(row), &row.request, arguments.seconds).await?);
        }
    }
    table::print(&runs.map(|runs| Measurement::median(&runs)));
    Ok(())
}
