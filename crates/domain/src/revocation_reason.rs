//! Why a key was withdrawn.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const MAX_LENGTH: usize = 200;

/// 1 to 200 characters, no control characters, no blanks at its ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RevocationReason(String);

/// The text is no such reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to {MAX_LENGTH} characters, none of them a control character")]
pub struct RevocationReasonError;

impl FromStr for RevocationReason {
    type Err = RevocationReasonError;

    fn from_str(text: &str) -> Result<Self, RevocationReasonError> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > MAX_LENGTH || text.chars().any(char::is_control) {
            return Err(RevocationReasonError);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for RevocationReason {
    type Error = RevocationReasonError;

    fn try_from(text: String) -> Result<Self, RevocationReasonError> {
        text.parse()
    }
}

impl From<RevocationReason> for String {
    fn from(reason: RevocationReason) -> Self {
        reason.0
    }
}

impl fmt::Display for RevocationReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_short_line() {
        assert_eq!(" leaked in a log ".parse::<RevocationReason>().unwrap().to_string(), "leaked in a log");
        assert!("é".repeat(200).parse::<RevocationReason>().is_ok());
        for text in ["", "  ", "a\nb", &"a".repeat(201)] {
            assert_eq!(text.parse::<RevocationReason>(), Err(RevocationReasonError), "{text:?}");
        }
    }
}
