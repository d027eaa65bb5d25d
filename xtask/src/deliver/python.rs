//! The checks that are written in Python, with what they need.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::command::{Failure, root};
use crate::pypi;

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

fn no_python(reason: &'static str) -> Failure {
    let advice = "Install Python 3.11 or newer with its module venv";
    Failure::NotInstallable { program: "Python with packages from PyPI", reason, advice }
}
