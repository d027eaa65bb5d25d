//! `cargo xtask bench http`: what each layer costs.
//!
//! Real servers, a release build, 64 connections that are kept open. The rows take turns, round after round, and the table
//! has the median of the rounds: what else the machine does then falls on all of them. The first figure to look at is the
//! CPU time of the service's process for a request: it is far steadier than requests a second on a machine that the load,
//! the service and Valkey share.

mod load;
mod measurement;
mod process;
mod row;
mod service;
mod table;

use std::path::Path;

use clap::Args;
use load::Generator;
use measurement::Measurement;
use process::cpu_seconds;
use row::{ROWS, Row, Stage};
use service::Service;
use testkit::ValkeyServer;
use tokio::runtime::Runtime;

use crate::command::Failure;
use crate::install;

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
    install::valkey()?;
    install::wrk()?;
    let program = service::build()?;
    Runtime::new()?.block_on(measure(&program, arguments))
}

async fn measure(program: &Path, arguments: &Arguments) -> Result<(), Failure> {
    let valkey = ValkeyServer::start().await;
    let mut bench = Bench::start(program, &valkey).await?;
    println!("xtask: {} rounds of {} s for each of {} rows", arguments.rounds, arguments.seconds, ROWS.len());
    for row in &ROWS {
        bench.measure(row, 1).await?;
    }
    let mut runs: [Vec<Measurement>; ROWS.len()] = Default::default();
    for _ in 0..arguments.rounds {
        for (row, runs) in ROWS.iter().zip(&mut runs) {
            runs.push(bench.measure(row, arguments.seconds).await?);
        }
    }
    table::print(&runs.map(|runs| Measurement::median(&runs)));
    Ok(())
}

/// Everything that runs.
struct Bench {
    generator: Generator,
    services: [Service; 3],
    valkey: u32,
    runs: usize,
}

impl Bench {
    async fn start(program: &Path, valkey: &ValkeyServer) -> Result<Self, Failure> {
        let keys = service::known_keys(program)?;
        let start = |stage| Service::start(program, stage, valkey.address());
        let services = [start(Stage::Bare).await, start(Stage::Unlimited).await, start(Stage::Whole).await];
        println!("xtask: three services run; the last gets to know its callers");
        services[2].introduce(&keys).await;
        Ok(Self { generator: Generator::new(&keys), services, valkey: valkey.pid(), runs: 0 })
    }

    async fn measure(&mut self, row: &Row, seconds: u64) -> Result<Measurement, Failure> {
        self.runs += 1;
        let [bare, unlimited, whole] = &self.services;
        let service = match row.stage {
            Stage::Bare => bare,
            Stage::Unlimited => unlimited,
            Stage::Whole => whole,
        };
        service.forget_log()?;
        let round_trips = service.round_trips().await?;
        let (cpu, valkey_cpu) = (cpu_seconds(service.pid())?, cpu_seconds(self.valkey)?);
        let mut resident_mib: f64 = 0.0;
        let load = self.generator.run(row, &service.base(), seconds, self.runs, || {
            resident_mib = resident_mib.max(process::resident_mib(service.pid())?);
            Ok(())
        })?;
        let micros = |since: f64, now: f64| (now - since) * 1e6 / load.requests;
        let measurement = Measurement {
            requests_per_second: load.requests / load.seconds,
            p50_ms: load.p50_ms,
            p99_ms: load.p99_ms,
            cpu_micros: micros(cpu, cpu_seconds(service.pid())?),
            valkey_cpu_micros: micros(valkey_cpu, cpu_seconds(self.valkey)?),
            round_trips: f64::from(service.round_trips().await? - round_trips) / load.requests,
            resident_mib,
        };
        service.forget_log()?;
        Ok(measurement)
    }
}
