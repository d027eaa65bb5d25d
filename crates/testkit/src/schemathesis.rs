//! schemathesis, which holds a service against its OpenAPI document.

use std::path::PathBuf;

use crate::shared::variable;
use crate::tool::installed_tool;

/// Names the program, where the installed one is not wanted.
pub const SCHEMATHESIS_PROGRAM_VARIABLE: &str = "TEST_SCHEMATHESIS_PROGRAM";
/// What `cargo xtask test` installs, below the directory that cargo builds in.
const INSTALLED: &str = "tools/schemathesis/bin/schemathesis";

/// The program, if there is one: that of the variable, or the installed one.
pub fn schemathesis_program() -> Option<PathBuf> {
    variable(SCHEMATHESIS_PROGRAM_VARIABLE).map(PathBuf::from).or_else(|| installed_tool(INSTALLED))
}
