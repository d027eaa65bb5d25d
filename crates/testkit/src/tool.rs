//! Programs that `cargo xtask` installs beside what cargo builds.

use std::path::PathBuf;

/// The file at this place below the directory that cargo builds in, which is somewhere above the running program.
pub(crate) fn installed_tool(place: &str) -> Option<PathBuf> {
    let us = std::env::current_exe().ok()?;
    us.ancestors().map(|directory| directory.join(place)).find(|file| file.is_file())
}
