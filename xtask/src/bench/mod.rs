//! `cargo xtask bench`: benchmarks against real servers, in release mode.

mod connections;
mod http;
mod rig;
mod scan;

use clap::Subcommand;

use crate::command::Failure;

/// Which benchmark to run.
#[derive(Subcommand)]
pub(crate) enum Bench {
    /// List and delete keys of a cluster by pattern, against other ways to do it.
    Scan(scan::Arguments),
    /// Ask a service with 50,000 tenants for connections, beside a handler that returns the same bytes.
    Connections(connections::Arguments),
    /// Ask a service over HTTP, with one layer more from row to row.
    Http(http::Arguments),
}

/// Installs what is missing, then runs the benchmark.
///
/// # Errors
/// When something cannot be installed, or the benchmark fails.
pub(crate) fn run(bench: &Bench) -> Result<(), Failure> {
    match bench {
        Bench::Scan(arguments) => scan::run(arguments),
        Bench::Connections(arguments) => connections::run(arguments),
        Bench::Http(arguments) => http::run(arguments),
    }
}
