//! Installing programs from PyPI, each in a virtual environment of its own beside what cargo builds.

use std::path::PathBuf;
use std::process::Command;

use crate::command::{Failure, run, target_directory};
use crate::install::{apt_install, has_apt};

/// A program of what [`install`] installed in `environment`, if it is there.
pub(crate) fn program(environment: &str, program: &str) -> Option<PathBuf> {
    Some(place(environment)?.join("bin").join(program)).filter(|file| file.is_file())
}

fn place(environment: &str) -> Option<PathBuf> {
    Some(target_directory()?.join("tools").join(environment))
}

/// Installs `package` in `tools/<environment>` below the target directory.
///
/// # Errors
/// With the reason in `failure` when there can be no virtual environment, or when a command fails.
pub(crate) fn install(
    environment: &str,
    package: &str,
    failure: fn(&'static str) -> Failure,
) -> Result<(), Failure> {
    install_all(environment, &[package], failure)
}

/// The same for whatever `packages` name: what `pip install` takes.
///
/// # Errors
/// As [`install`] does.
pub(crate) fn install_all(
    environment: &str,
    packages: &[&str],
    failure: fn(&'static str) -> Failure,
) -> Result<(), Failure> {
    println!("xtask: installing {}", packages.join(" "));
    let Some(environment) = place(environment) else { return Err(failure("this program has no directory")) };
    let make = || run(Command::new("python3").args(["-m", "venv"]).arg(&environment));
    if make().is_err() {
        if !has_apt() {
            return Err(failure("python3 cannot make virtual environments here"));
        }
        apt_install(&["python3", "python3-venv"])?;
        make()?;
    }
    let arguments = ["install", "--quiet", "--disable-pip-version-check"];
    run(Command::new(environment.join("bin/pip")).args(arguments).args(packages))
}
