//! Names of services.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::segment::{self, SegmentError};

const MAX_LENGTH: usize = 64;

/// How a product calls itself in paths, queries and events, such as `ledger`: 1 to 64 letters, digits, `-`, `_` and `.`. Compared exactly, capitals included, as its clients compare it. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceName(Arc<str>);

impl ServiceName {
    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ServiceName {
    type Err = SegmentError;

    fn from_str(text: &str) -> Result<Self, SegmentError> {
        segment::check(text, MAX_LENGTH)?;
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for ServiceName {
    type Error = SegmentError;

    fn try_from(text: String) -> Result<Self, SegmentError> {
        text.parse()
    }
}

impl From<ServiceName> for String {
    fn from(name: ServiceName) -> Self {
        name.0.as_ref().to_owned()
    }
}

impl fmt::Display for ServiceName {
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
    fn a_name_is_one_segment_of_a_path() {
        for text in ["ledger", "plugin-fees", "Tracer_2", "a.b"] {
            assert_eq!(text.parse::<ServiceName>().unwrap().as_str(), text);
        }
        for text in ["-a", "a/b", "a:b", "a b", "\u{e9}", ".a", "a%2Fb", "a\\b"] {
            assert_eq!(text.parse::<ServiceName>(), Err(SegmentError::Character), "{text}");
        }
        assert_eq!("a..b".parse::<ServiceName>(), Err(SegmentError::Dots));
        for text in [String::new(), "a".repeat(65)] {
            assert_eq!(text.parse::<ServiceName>(), Err(SegmentError::Length { max: 64 }));
        }
        assert!(serde_json::from_str::<ServiceName>("\"a/b\"").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_read_again(text in any_text()) {
            fixed_point::<ServiceName>(&text)?;
        }
    }
}
