//! `cargo xtask openapi`: writes the OpenAPI document of the service where it is checked in.

use std::fs;

use crate::command::{Failure, cargo};

const DOCUMENT: &str = "docs/openapi.json";

/// Asks the service for its document and writes it.
///
/// # Errors
/// When the service does not build, or the file cannot be written.
pub(crate) fn run() -> Result<(), Failure> {
    let mut ask = cargo(["run", "--quiet", "--locked", "--package", "pool-manager", "--", "openapi"]);
    let output = ask.output()?;
    if !output.status.success() {
        return Err(Failure::Failed { command: "pool-manager openapi".to_owned(), status: output.status });
    }
    fs::write(DOCUMENT, output.stdout)?;
    println!("xtask: {DOCUMENT} is written");
    Ok(())
}
