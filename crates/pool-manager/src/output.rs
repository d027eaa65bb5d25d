//! Plain lines for the person at the terminal; everything else is logged.

use std::io::Write;

use serde::Serialize;

/// Prints a line on standard output. A reader that is gone (`| head`) is no fault of the command.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// What others sent, for a terminal: neither its colours nor lines of its own.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Prints a text as it is on standard output.
pub(crate) fn text(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// Prints a value as one line of JSON.
pub(crate) fn json(value: &impl Serialize) {
    // Only maps with keys that are no strings cannot be JSON; there are none.
    if let Ok(text) = serde_json::to_string(value) {
        line(&text);
    }
}

/// Prints a line on standard error.
pub(crate) fn error(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
