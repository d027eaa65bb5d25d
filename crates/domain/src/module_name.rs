//! Names of modules.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::segment::{self, SegmentError};

const MAX_LENGTH: usize = 64;

/// The name of a part of a service that owns resources, such as `onboarding`: 1 to 64 letters, digits, `-`, `_` and `.`. Compared exactly, capitals included, as clients look it up. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModuleName(Arc<str>);

impl ModuleName {
    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is left of the name in the paths of secrets: lower-case letters and digits. Two names with one such form would
    /// share their secrets (contract of the secret paths: "sub-module" and "submodule").
    pub fn secret_segment(&self) -> String {
        self.0.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
    }
}

impl FromStr for ModuleName {
    type Err = SegmentError;

    fn from_str(text: &str) -> Result<Self, SegmentError> {
        segment::check(text, MAX_LENGTH)?;
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for ModuleName {
    type Error = SegmentError;

    fn try_from(text: String) -> Result<Self, SegmentError> {
        text.parse()
    }
}

impl From<ModuleName> for String {
    fn from(name: ModuleName) -> Self {
        name.0.as_ref().to_owned()
    }
}

impl fmt::Display for ModuleName {
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
    fn names_that_differ_in_signs_and_capitals_share_a_secret_segment() {
        let segment = |text: &str| text.parse::<ModuleName>().unwrap().secret_segment();
        assert_eq!(segment("sub-module"), "submodule");
        assert_eq!(segment("Sub_Module"), segment("sub.module"));
        assert_ne!(segment("sub-module"), segment("sub-modules"));
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_read_again(text in any_text()) {
            fixed_point::<ModuleName>(&text)?;
        }
    }
}
