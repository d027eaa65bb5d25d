//! `cargo xtask bench`: benchmarks against real servers, in release mode.

use clap::{Args, ValueEnum};

use crate::command::{self, Failure, cargo};
use crate::install;

/// Which benchmark to run.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Its name.
    name: Name,
    /// Arguments for the benchmark.
    #[arg(last = true)]
    rest: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Name {
    /// Listing and deleting keys of a cluster by pattern, against other ways to do it.
    Scan,
}

/// Installs what is missing, then runs the benchmark, which starts its own servers.
///
/// # Errors
/// When something cannot be installed, or the benchmark fails.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    install::valkey()?;
    let Name::Scan = arguments.name;
    let mut bench = cargo(["bench", "--package", "cache", "--bench", "scan", "--locked", "--"]);
    command::run(bench.args(&arguments.rest))
}
