//! What is wrong with parameters and bodies.

use cache::{CursorError, GlobError};
use domain::TenantIdError;

/// What is wrong with a parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterProblem {
    /// It is needed and was not given.
    #[error("must not be empty; for example {0}")]
    Missing(&'static str),
    /// It was given more than once.
    #[error("must be given only once")]
    Repeated,
    /// It contradicts another one.
    #[error("must not be given beside {0}")]
    Beside(&'static str),
    /// Keys that are named would be deleted all the same.
    #[error("only for patterns")]
    OnlyForPatterns,
    /// It is no text.
    #[error("must be text in UTF-8")]
    NotText,
    /// It is no whole number.
    #[error("must be a whole number")]
    NotANumber,
    /// It is no boolean.
    #[error("must be true or false")]
    NotABoolean,
    /// It is no list of texts.
    #[error("must be a list of texts")]
    NotAList,
    /// It is no base64.
    #[error("must be base64 (RFC 4648, with padding)")]
    NotBase64,
    /// There are too many of them.
    #[error("must be at most {0}")]
    TooMany(usize),
    /// It is no cursor of ours.
    #[error(transparent)]
    Cursor(#[from] CursorError),
    /// It is no cursor of the list.
    #[error("must be the nextCursor of another page")]
    NotACursor,
    /// It is no pattern.
    #[error(transparent)]
    Pattern(#[from] GlobError),
    /// It is no tenant id.
    #[error(transparent)]
    TenantId(#[from] TenantIdError),
}

/// What is wrong with a body.
#[derive(Debug, thiserror::Error)]
pub enum BodyProblem {
    /// There is none.
    #[error("a JSON object is needed in the body")]
    Empty,
    /// A field has another type.
    #[error("{}{expected}", prefix(.path))]
    Field {
        /// Its path; `.` for the body itself.
        path: String,
        /// What it must be.
        expected: String,
    },
    /// It ended before its end.
    #[error("the body could not be read to its end")]
    Incomplete,
    /// It is no JSON.
    #[error("the body is not JSON (line {line}, column {column})")]
    Malformed {
        /// Where, counted from 1.
        line: usize,
        /// Where, counted from 1.
        column: usize,
    },
    /// It is JSON of another type.
    #[error("the body must be a JSON object, such as {{\"key\":\"...\"}}")]
    NotAnObject,
    /// Two fields mean the same parameter.
    #[error("{name}: must be given only once in the body")]
    Repeated {
        /// The name in lower case, without `_` and `-`; its beginning if it is long.
        name: String,
    },
}

/// Where a field is, for a message; nothing for the body itself.
fn prefix(path: &str) -> String {
    if path == "." { String::new() } else { format!("{path}: ") }
}
