//! `cargo xtask lint`: format, clippy, documentation, arrows.

use crate::arrows;
use crate::command::{self, Failure, cargo};

/// Runs all checks and stops at the first that fails.
///
/// # Errors
/// When a check fails.
pub(crate) fn run() -> Result<(), Failure> {
    command::run(&mut cargo(["fmt", "--all", "--check"]))?;
    let everything =
        ["clippy", "--workspace", "--all-targets", "--all-features", "--locked", "--", "-D", "warnings"];
    command::run(&mut cargo(everything))?;
    let documentation = ["doc", "--workspace", "--no-deps", "--all-features", "--locked"];
    command::run(cargo(documentation).env("RUSTDOCFLAGS", "-D warnings"))?;
    arrows::run()
}
