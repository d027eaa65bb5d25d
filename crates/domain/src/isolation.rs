//! How the data of a tenant is kept apart.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What clients tell apart. Older words for the same are taken, and never given out (contract of the connections).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// A database of its own.
    Isolated,
    /// A schema of its own in a shared PostgreSQL database.
    Schema,
}

/// The text names no isolation mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be isolated (or database, dedicated) or schema (or shared)")]
pub struct UnknownIsolation;

impl Isolation {
    /// `isolated` or `schema`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Isolated => "isolated",
            Self::Schema => "schema",
        }
    }
}

impl fmt::Display for Isolation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Isolation {
    type Err = UnknownIsolation;

    fn from_str(text: &str) -> Result<Self, UnknownIsolation> {
        match text.trim().to_ascii_lowercase().as_str() {
            "isolated" | "database" | "dedicated" => Ok(Self::Isolated),
            "schema" | "shared" => Ok(Self::Schema),
            _ => Err(UnknownIsolation),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::any_text::{any_text, same_again};
    use proptest::prelude::*;

    #[test]
    fn older_words_are_taken_and_not_given() {
        for text in ["isolated", "database", "dedicated", "Isolated"] {
            assert_eq!(text.parse::<Isolation>().unwrap().name(), "isolated");
        }
        for text in ["schema", "shared"] {
            assert_eq!(text.parse::<Isolation>().unwrap().name(), "schema");
        }
        for text in ["", "none", "isolated_db"] {
            assert_eq!(text.parse::<Isolation>(), Err(UnknownIsolation), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_read_again(text in any_text()) {
            same_again::<Isolation>(&text, |value| value.to_string())?;
        }
    }
}
