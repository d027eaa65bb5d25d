//! The ring of the platform that a tenant, a key or a deployment belongs to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One of the two environments that subscribers of lifecycle events know; nothing is ever published to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// Where things are tried.
    Staging,
    /// Where they count.
    Production,
}

/// The text names no environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be staging or production")]
pub struct UnknownEnvironment;

impl Environment {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Staging, Self::Production];

    /// `staging` or `production`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Environment {
    type Err = UnknownEnvironment;

    /// Blanks around it and capitals are forgiven, as subscribers forgive them.
    fn from_str(text: &str) -> Result<Self, UnknownEnvironment> {
        let text = text.trim();
        Self::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(text)).ok_or(UnknownEnvironment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::any_text::{any_text, same_again};
    use proptest::prelude::*;

    #[test]
    fn there_are_two() {
        for environment in Environment::ALL {
            assert_eq!(environment.to_string().parse(), Ok(environment));
            assert_eq!(serde_json::to_value(environment).unwrap(), environment.name());
        }
        assert_eq!(" Production ".parse(), Ok(Environment::Production));
        assert_eq!("uat".parse::<Environment>(), Err(UnknownEnvironment));
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_read_again(text in any_text()) {
            same_again::<Environment>(&text, |value| value.to_string())?;
        }
    }
}
