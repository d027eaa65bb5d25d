//! Which of the rate limits applies.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a rate limit; how much each allows is configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RateTier {
    /// Reads by people and programs.
    Default,
    /// Writes.
    Aggressive,
    /// What may be asked often.
    Relaxed,
    /// What services ask for all their tenants, every few seconds.
    Service,
}

/// The text names no tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rate tier is default, aggressive, relaxed or service")]
pub struct UnknownRateTier;

impl RateTier {
    /// Every tier.
    pub const ALL: [Self; 4] = [Self::Default, Self::Aggressive, Self::Relaxed, Self::Service];

    /// Its name, as in keys and headers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Aggressive => "aggressive",
            Self::Relaxed => "relaxed",
            Self::Service => "service",
        }
    }
}

impl fmt::Display for RateTier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for RateTier {
    type Err = UnknownRateTier;

    fn from_str(text: &str) -> Result<Self, UnknownRateTier> {
        Self::ALL.into_iter().find(|tier| tier.name() == text).ok_or(UnknownRateTier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::any_text::{any_text, same_again};
    use proptest::prelude::*;

    #[test]
    fn names_are_read_back() {
        for tier in RateTier::ALL {
            assert_eq!(tier.to_string().parse(), Ok(tier));
        }
        assert_eq!("Default".parse::<RateTier>(), Err(UnknownRateTier));
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_read_again(text in any_text()) {
            same_again::<RateTier>(&text, |value| value.to_string())?;
        }
    }
}
