//! `cargo xtask test`: all tests, with what they need.

use clap::Args;
use testkit::SCALE_VARIABLE;

use crate::command::{self, Failure, cargo};
use crate::install;
use crate::servers::Servers;

/// How much to test.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Run tests of size at their full size instead of a tenth.
    #[arg(long)]
    full: bool,
    /// Test an optimized build: for figures that a debug build says nothing about.
    #[arg(long)]
    release: bool,
    /// Test this package only; may be given more than once.
    #[arg(short, long)]
    package: Vec<String>,
    /// Arguments for the test programs, such as a filter.
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Installs what is missing, starts the shared servers and runs the tests.
///
/// # Errors
/// When something cannot be installed, or a test fails.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    install::valkey()?;
    install::mongo()?;
    install::moto()?;
    install::schemathesis()?;
    install::rabbitmq()?;
    let servers = Servers::start()?;
    // One run tells of everything that fails.
    let mut words = vec!["test", "--all-features", "--locked", "--no-fail-fast"];
    if arguments.release {
        words.push("--release");
    }
    if arguments.package.is_empty() {
        words.push("--workspace");
    }
    words.extend(arguments.package.iter().flat_map(|package| ["--package", package]));
    words.push("--");
    words.extend(arguments.rest.iter().map(String::as_str));
    let scale = if arguments.full { "1" } else { "0.1" };
    let result = command::run(cargo(words).envs(servers.variables()).env(SCALE_VARIABLE, scale));
    println!("xtask: stopping the servers");
    drop(servers);
    result
}
