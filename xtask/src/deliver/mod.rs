//! `cargo xtask deliver`: what is delivered beside the code (image, compose file, charts, Terraform, documents) and the preflight that
//! looks at a deployment. Every check runs, also after one that failed; one table tells of all.

mod python;
mod release;
mod table;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::command::{self, Failure, cargo, root};
use crate::install;
use table::Table;

/// Where the checks are that are written in Python.
const CHECKS: &str = "tests/delivery";
/// Names the binary for them.
const BINARY_VARIABLE: &str = "POOL_MANAGER";

/// Which checks to leave out.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Do not build the release binary to look at its size, which takes longer than all else.
    #[arg(long)]
    without_release: bool,
}

/// Runs every check.
///
/// # Errors
/// When something cannot be installed, or a check fails.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    install::valkey()?;
    install::mongo()?;
    install::moto()?;
    install::rabbitmq()?;
    let mut table = Table::default();
    // The same packages and features as `cargo xtask test`, so that nothing is built twice.
    let everything = ["test", "--workspace", "--all-features", "--locked"];
    command::run(&mut cargo([&everything[..], &["--no-run"]].concat()))?;
    let target = command::target_directory().unwrap_or_else(|| root().join("target"));
    let binary = target.join("debug/pool-manager");
    let of_cargo = |more: &[&str]| command::run(&mut cargo([&everything[..], more].concat()));
    table.check("environment variables in documents", || of_cargo(&["--lib", "--", "catalogue_tests"]));
    table.check("doctor", || of_cargo(&["--test", "it", "--", "doctor"]));
    table.check("health", || of_cargo(&["--test", "it", "--", "health"]));
    let python = python::environment()?;
    for file in check_files()? {
        let words = ["-m", "pytest", "--quiet", "--no-header", "-p", "no:cacheprovider"];
        table.check(&name_of(&file), || {
            let mut check = python.command();
            command::run(check.args(words).arg(&file).env(BINARY_VARIABLE, &binary).current_dir(root()))
        });
    }
    if !arguments.without_release {
        table.check("size of the release binary", || release::check_size(&target));
    }
    table.print();
    table.outcome()
}

fn check_files() -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(root().join(CHECKS))? {
        let name = entry?.file_name();
        let name = Path::new(&name);
        let is_check = name.extension().is_some_and(|ending| ending == "py")
            && name.to_str().is_some_and(|name| name.starts_with("test_"));
        if is_check {
            files.push(Path::new(CHECKS).join(name));
        }
    }
    files.sort();
    Ok(files)
}

/// `tests/delivery/test_chart_schema.py` is "chart schema".
fn name_of(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    stem.trim_start_matches("test_").replace('_', " ")
}
