//! Developer commands: `cargo xtask <command>`.
//!
//! Nothing here is part of the product. `lint` and `test` are what the CI runs.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line program talks to its user")]

mod arrows;
mod audit;
mod bench;
mod command;
mod coverage;
mod deliver;
mod install;
mod lint;
mod openapi;
mod pypi;
mod servers;
mod test;
mod up;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Developer commands of this workspace")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what the tests need, start shared servers, run all tests.
    Test(test::Arguments),
    /// Check format, clippy, documentation and the arrows between crates.
    Lint,
    /// Check licences, sources, bans and advisories of the dependencies, and list which are behind.
    ///
    /// Not a part of `lint` or `test`: its outcome changes with the registry and not with the code alone.
    Audit(audit::Arguments),
    /// Check the image, the compose file, the charts, Terraform, the documents and the preflight, and print one table.
    Deliver(deliver::Arguments),
    /// Check which crate depends on which, and where driver crates appear.
    Arrows,
    /// Measure the line coverage of a crate.
    Coverage(coverage::Arguments),
    /// Run a benchmark in release mode.
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Write the OpenAPI document of the service to docs/openapi.json.
    Openapi,
    /// Start Valkey and print the variables that make the service use it.
    Up(up::Arguments),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Test(arguments) => test::run(&arguments),
        Command::Lint => lint::run(),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Deliver(arguments) => deliver::run(&arguments),
        Command::Arrows => arrows::run(),
        Command::Coverage(arguments) => coverage::run(&arguments),
        Command::Bench(bench) => bench::run(&bench),
        Command::Openapi => openapi::run(),
        Command::Up(arguments) => up::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            failure.exit_code()
        }
    }
}
