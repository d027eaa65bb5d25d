//! `cargo xtask bench scan`: listing and deleting keys of a cluster by pattern, against other ways to do it.

use clap::Args;

use crate::command::{self, Failure, cargo};
use crate::install;

/// What to hand on.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Arguments for the benchmark.
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Installs what is missing, then runs the benchmark of the `cache` crate, which starts its own servers.
///
/// # Errors
/// When something cannot be installed, or the benchmark fails.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    install::valkey()?;
    let mut bench = cargo(["bench", "--package", "cache", "--bench", "scan", "--locked", "--"]);
    command::run(bench.args(&arguments.rest))
}
