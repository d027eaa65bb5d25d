//! Running other programs, and what can go wrong with a command of ours.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

use crate::arrows::Violation;

/// Why a command did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A program could not be started at all.
    #[error("`{program}` cannot be started: {source}")]
    NotStarted {
        /// The program.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// A program ended with a failure of its own, which it has printed.
    #[error("`{command}` failed ({status})")]
    Failed {
        /// The program with its arguments.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// A program is missing or too old and cannot be installed from here.
    #[error("{program} is needed and {reason}. {advice}")]
    NotInstallable {
        /// The program, with its version where that matters.
        program: &'static str,
        /// Why it cannot be installed.
        reason: &'static str,
        /// What the user can do.
        advice: &'static str,
    },
    /// A program of ours did not say what it was asked.
    #[error("`{command}` gave no answer")]
    NoAnswer {
        /// The program with its arguments.
        command: String,
    },
    /// Requests of a benchmark failed: its figures would mean nothing.
    #[error("{row}: {failed} requests failed or were refused")]
    FailedRequests {
        /// The row of the table.
        row: &'static str,
        /// How many.
        failed: u32,
    },
    /// Arrows between crates that are not allowed.
    #[error("{}", list(.0))]
    Arrows(Vec<Violation>),
    /// Checks of what is delivered failed; the table tells which.
    #[error("{failed} checks failed")]
    Checks {
        /// How many.
        failed: usize,
    },
    /// The binary of the image has grown too large.
    #[error("the release binary has {mebibytes:.1} MiB, and may have {most:.1}")]
    LargeBinary {
        /// What it has.
        mebibytes: f64,
        /// What it may have.
        most: f64,
    },
    /// The advisories of RustSec are out of reach.
    #[error(
        "the advisories of RustSec could not be fetched from github.com, so nobody looked whether a dependency has one"
    )]
    NoAdvisories,
    /// Dependencies are behind.
    #[error("{number} dependencies are behind what their line allows: run `cargo update`, and the tests")]
    NotCurrent {
        /// How many.
        number: usize,
    },
    /// `cargo metadata` failed.
    #[error("cargo metadata: {0}")]
    Metadata(#[from] cargo_metadata::Error),
    /// Input or output failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Failure {
    /// The code of the program that failed, so that scripts see the same as without us.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Failed { status, .. } => {
                let code = status.code().and_then(|code| u8::try_from(code).ok());
                ExitCode::from(code.filter(|code| *code != 0).unwrap_or(1))
            }
            _ => ExitCode::FAILURE,
        }
    }
}

fn list(violations: &[Violation]) -> String {
    let lines = violations.iter().map(|violation| format!("\n  {violation}"));
    format!("{} forbidden dependencies:{}", violations.len(), lines.collect::<String>())
}

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Where cargo builds; nothing when this program does not stand where cargo puts it.
pub(crate) fn target_directory() -> Option<PathBuf> {
    // We are `<target>/<profile>/xtask`.
    let us = std::env::current_exe().ok()?;
    us.ancestors().nth(2).map(Path::to_owned)
}

/// The `cargo` that runs us, in the root of the workspace.
pub(crate) fn cargo<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(root());
    command
}

/// Prints the command, runs it and waits for it.
///
/// # Errors
/// When it cannot be started or fails.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let shown = shown(command);
    println!("xtask: {shown}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::Failed { command: shown, status }),
        Err(source) => {
            Err(Failure::NotStarted { program: command.get_program().display().to_string(), source })
        }
    }
}

/// What a program prints on its standard output; nothing when it cannot be run.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
