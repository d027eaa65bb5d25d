//! `cargo xtask coverage`: how many lines of a crate its own tests run.
//!
//! Tarpaulin with its LLVM engine: it needs no tools of the toolchain beside the compiler. It builds in a target
//! directory of its own, so that the other builds stay valid.

use clap::Args;

use crate::command::{self, Failure, cargo, output};
use crate::install;
use crate::servers::Servers;

/// The least share of lines, in per cent, for crates that promise one.
const FLOORS: [(&str, u8); 2] = [("cache", 80), ("middleware", 80)];

/// What to measure.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The crate; its sources are in `crates/<crate>/src`.
    #[arg(default_value = "cache")]
    package: String,
}

/// Prints the coverage of a crate.
///
/// # Errors
/// When tarpaulin cannot be installed, a test fails, or the coverage is below the crate's floor.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    install::valkey()?;
    install::mongo()?;
    install::moto()?;
    install::rabbitmq()?;
    if output("cargo", &["tarpaulin", "--version"]).is_none() {
        println!("xtask: installing cargo-tarpaulin, which takes some minutes");
        command::run(&mut cargo(["install", "--locked", "cargo-tarpaulin"]))?;
    }
    let servers = Servers::start()?;
    let package = arguments.package.as_str();
    let floor = FLOORS.iter().find(|(name, _)| *name == package).map_or(0, |(_, floor)| *floor);
    let (sources, floor) = (format!("crates/{package}/src/*"), floor.to_string());
    let mut tarpaulin =
        cargo(["tarpaulin", "--engine", "llvm", "--skip-clean", "--target-dir", "target/tarpaulin"]);
    tarpaulin.args(["--locked", "--all-features", "--timeout", "600", "--out", "Stdout"]);
    tarpaulin.args(["--package", package, "--include-files", &sources, "--fail-under", &floor]);
    let result = command::run(tarpaulin.envs(servers.variables()));
    drop(servers);
    result
}
