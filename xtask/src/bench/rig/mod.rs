//! What benchmarks over HTTP have in common: services in processes of their own, wrk, and what both used.

pub(super) mod load;
pub(super) mod measurement;
pub(super) mod process;
pub(super) mod service;

use std::path::Path;

use load::{Generator, Request};
use measurement::Measurement;
use process::cpu_seconds;
use service::Service;

use crate::command::Failure;

/// How a service is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// A handler without any layer.
    Bare,
    /// With all layers but the limit.
    Unlimited,
    /// With all layers.
    Whole,
}

/// Runs of requests, with what they cost.
pub(super) struct Meter {
    generator: Generator,
    valkey: u32,
    runs: usize,
}

impl Meter {
    /// With these API keys, the first for requests of one caller, the others for those of many, and with this bearer token.
    /// `valkey` is a process id.
    pub(super) fn new(keys: &str, token: &str, valkey: u32) -> Self {
        Self { generator: Generator::new(keys, token), valkey, runs: 0 }
    }

    /// A file for the time of the benchmark.
    pub(super) fn file(&self, name: &str, content: &str) -> std::path::PathBuf {
        self.generator.file(name, content)
    }

    /// One run.
    ///
    /// # Errors
    /// When wrk fails, or an answer was another than was wanted.
    pub(super) async fn measure(
        &mut self,
        service: &Service,
        request: &Request<'_>,
        seconds: u64,
    ) -> Result<Measurement, Failure> {
        self.runs += 1;
        service.forget_log()?;
        let round_trips = service.round_trips().await?;
        let (cpu, valkey_cpu) = (cpu_seconds(service.pid())?, cpu_seconds(self.valkey)?);
        let mut resident_mib: f64 = 0.0;
        let load = self.generator.run(request, &service.base(), seconds, self.runs, || {
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

/// Installs what is missing, and builds the service for release.
///
/// # Errors
/// When something cannot be installed or does not compile.
pub(super) fn prepare() -> Result<std::path::PathBuf, Failure> {
    crate::install::valkey()?;
    crate::install::wrk()?;
    service::build()
}

/// The API keys that the service knows, one a line.
///
/// # Errors
/// When the program does not say.
pub(super) fn known_keys(program: &Path) -> Result<String, Failure> {
    service::known_keys(program)
}
