//! The checks that are written in Python, with what they need.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::command::{self, Failure, root};
use crate::pypi;

/// Resolves to versions of its own, so it has an environment of its own.
const CHECKOV: &str = "checkov==3.3.30";
const ENVIRONMENT: &str = "delivery";

/// An environment that has what `requirements.txt` names.
pub(super) struct Environment {
    python: PathBuf,
}

impl Environment {
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.python);
        // No traces beside the checks.
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

/// Makes the environment, anew when the requirements have changed.
///
/// # Errors
/// When it cannot be made.
pub(super) fn environment() -> Result<Environment, Failure> {
    let file = root().join(super::CHECKS).join("requirements.txt");
    let wanted = fs::read_to_string(&file)?;
    let python = || pypi::program(ENVIRONMENT, "python3");
    // Kept beside the interpreter: it goes when the environment goes.
    let kept = |python: &PathBuf| python.with_file_name("requirements.txt");
    if let Some(python) = python()
        && fs::read_to_string(kept(&python)).is_ok_and(|text| text == wanted)
    {
        return Ok(Environment { python });
    }
    pypi::install_all(ENVIRONMENT, &["--requirement", &file.to_string_lossy()], no_python)?;
    let python = python().ok_or_else(|| no_python("its interpreter is not where it belongs"))?;
    fs::write(kept(&python), wanted)?;
    Ok(Environment { python })
}

/// Looks for what the modules of Terraform do unsafely. What is right as it is says so in its place.
///
/// # Errors
/// When it finds something, or cannot be installed.
pub(super) fn checkov() -> Result<(), Failure> {
    let program = || pypi::program("checkov", "checkov");
    if program().is_none() {
        pypi::install("checkov", CHECKOV, no_python)?;
    }
    let program = program().ok_or_else(|| no_python("checkov is not where it belongs"))?;
    let words = ["--directory", "terraform", "--framework", "terraform", "--compact", "--quiet"];
    // It asks the network for what it can do without.
    let words = words.into_iter().chain(["--skip-download", "--download-external-modules", "false"]);
    command::run(Command::new(program).args(words).current_dir(root()))
}

fn no_python(reason: &'static str) -> Failure {
    let advice = "Install Python 3.11 or newer with its module venv";
    Failure::NotInstallable { program: "Python with packages from PyPI", reason, advice }
}
