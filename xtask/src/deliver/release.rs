//! The binary of the image.

use std::fs;
use std::path::Path;

use crate::command::{self, Failure, cargo};

/// What the image may hold of it, bytes: what it had when this was written (36.6 MiB), and a little. Smaller is better.
const LARGEST: u64 = 40 * 1_024 * 1_024;

/// Builds it as the Dockerfile does, and looks at its size.
///
/// # Errors
/// When it cannot be built, or is larger than it may be.
pub(super) fn check_size(target: &Path) -> Result<(), Failure> {
    command::run(&mut cargo(["build", "--release", "--locked", "--package", "pool-manager"]))?;
    let size = fs::metadata(target.join("release/pool-manager"))?.len();
    let mebibytes = |bytes: u64| bytes as f64 / 1_048_576.0;
    println!("xtask: the release binary has {:.1} MiB", mebibytes(size));
    if size > LARGEST {
        return Err(Failure::LargeBinary { mebibytes: mebibytes(size), most: mebibytes(LARGEST) });
    }
    Ok(())
}
