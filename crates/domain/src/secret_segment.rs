//! One segment of the path of a secret that other programs look for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const MAX_LENGTH: usize = 64;

/// The name of an application or of what it calls, as both stand in the paths of secrets: 1 to 64 letters, digits and
/// `_ + = . @ -`, without blanks around it. Compared exactly.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretSegment(String);

/// Why a text cannot stand in the path of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretSegmentError {
    /// Nothing but blanks, or too much.
    #[error("must have 1 to {MAX_LENGTH} characters")]
    Length,
    /// A character that the secrets backend or a path does not take.
    #[error("must be letters, digits and _ + = . @ -")]
    Character,
    /// A dot alone, or two dots, which lead elsewhere in a path.
    #[error("must not be . or contain ..")]
    Dots,
}

impl SecretSegment {
    /// The segment as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SecretSegment {
    type Err = SecretSegmentError;

    fn from_str(text: &str) -> Result<Self, SecretSegmentError> {
        let text = text.trim();
        if text.is_empty() || text.len() > MAX_LENGTH {
            return Err(SecretSegmentError::Length);
        }
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=.@-".contains(&byte);
        if !text.bytes().all(is_allowed) {
            return Err(SecretSegmentError::Character);
        }
        if text.contains("..") || text == "." {
            return Err(SecretSegmentError::Dots);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for SecretSegment {
    type Error = SecretSegmentError;

    fn try_from(text: String) -> Result<Self, SecretSegmentError> {
        text.parse()
    }
}

impl From<SecretSegment> for String {
    fn from(segment: SecretSegment) -> Self {
        segment.0
    }
}

impl fmt::Display for SecretSegment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::any_text::{any_text, fixed_point};
    use proptest::prelude::*;

    #[test]
    fn only_what_every_reader_of_the_path_takes() {
        for (text, segment) in
            [("fetcher", "fetcher"), (" a@b+c=d ", "a@b+c=d"), ("Matcher_2.1", "Matcher_2.1")]
        {
            assert_eq!(text.parse::<SecretSegment>().unwrap().as_str(), segment);
        }
        for text in ["", "  ", &"a".repeat(65)] {
            assert_eq!(text.parse::<SecretSegment>(), Err(SecretSegmentError::Length));
        }
        for text in ["a/b", "a\\b", "a b", "\u{e9}", "a\n", "a:b"] {
            let refused = text.parse::<SecretSegment>();
            // A line end at the end is a blank around it.
            assert!(refused == Err(SecretSegmentError::Character) || text == "a\n", "{text:?}: {refused:?}");
        }
        assert_eq!("a..b".parse::<SecretSegment>(), Err(SecretSegmentError::Dots));
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_read_again(text in any_text()) {
            fixed_point::<SecretSegment>(&text)?;
        }
    }
}
