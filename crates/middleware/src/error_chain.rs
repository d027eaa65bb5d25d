//! Errors as one line of a log.

use std::error::Error;
use std::fmt::Write as _;

/// The error and all its sources on one line, outermost first.
pub fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        // Writing to a String cannot fail.
        let _ = write!(text, ": {error}");
        source = error.source();
    }
    text
}
