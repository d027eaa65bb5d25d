//! The name of a tenant that people read.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::owner::Email;

const MAX_LENGTH: usize = 63;
const OWNER_DIGITS: usize = 8;

/// 1 to 63 lower-case letters, digits, `-` and `_`, a letter or digit first and last. Unique among the tenants of an
/// environment, and never changed: consumers keep it beside the id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

/// Why a text is no slug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SlugError {
    /// Nothing, or more than 63 characters.
    #[error("must have 1 to {MAX_LENGTH} characters")]
    Length,
    /// A character that slugs do not have, or a sign at an end.
    #[error("must be lower-case letters, digits, - and _, with a letter or digit first and last")]
    Character,
    /// Nothing in the name could stand in a slug.
    #[error("cannot be made from the name: give one")]
    NotDerivable,
}

impl Slug {
    /// A slug from a name: letters without their accents, in lower case, everything else one `-`.
    pub fn derive(name: &str) -> Result<Self, SlugError> {
        let mut slug = String::new();
        for letter in deunicode::deunicode(name).chars() {
            if letter.is_ascii_alphanumeric() {
                slug.push(letter.to_ascii_lowercase());
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
            if slug.len() == MAX_LENGTH {
                break;
            }
        }
        let slug = slug.trim_end_matches('-');
        if slug.is_empty() { Err(SlugError::NotDerivable) } else { Ok(Self(slug.to_owned())) }
    }

    /// The same with a few digits that belong to the owner: where two owners have one name, each finds its own again.
    pub fn of_owner(&self, email: &Email) -> Result<Self, SlugError> {
        let hash = const_hex::encode(digest(&SHA256, email.as_str().as_bytes()));
        let stem: String = self.0.chars().take(MAX_LENGTH - 1 - OWNER_DIGITS).collect();
        format!("{}-{}", stem.trim_end_matches(['-', '_']), &hash[..OWNER_DIGITS]).parse()
    }

    /// The slug as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = SlugError;

    /// Blanks around it and capitals are forgiven: two clients that write one slug differently mean one tenant.
    fn from_str(text: &str) -> Result<Self, SlugError> {
        let text = text.trim().to_ascii_lowercase();
        if text.is_empty() || text.len() > MAX_LENGTH {
            return Err(SlugError::Length);
        }
        let is_end = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
        let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !is_end(text.bytes().next()) || !is_end(text.bytes().last()) || !text.bytes().all(is_inner) {
            return Err(SlugError::Character);
        }
        Ok(Self(text))
    }
}

impl TryFrom<String> for Slug {
    type Error = SlugError;

    fn try_from(text: String) -> Result<Self, SlugError> {
        text.parse()
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

impl fmt::Display for Slug {
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
    fn a_name_gives_a_slug() {
        for (name, slug) in [
            ("Blue Bank", "blue-bank"),
            ("  Itaú & Cia. Ltda ", "itau-cia-ltda"),
            ("ACME", "acme"),
            (&"ab ".repeat(40), &"ab-".repeat(21)[..62]),
        ] {
            assert_eq!(Slug::derive(name).unwrap().as_str(), slug);
        }
        assert_eq!(Slug::derive("!?"), Err(SlugError::NotDerivable));
    }

    #[test]
    fn an_owner_has_a_slug_of_its_own() {
        let of = |name: &str, email: &str| {
            Slug::derive(name).unwrap().of_owner(&email.parse().unwrap()).unwrap().to_string()
        };
        assert_eq!(of("Acme", "ana@x"), of("Acme", "Ana@X"));
        assert_ne!(of("Acme", "ana@x"), of("Acme", "bob@x"));
        assert_eq!(of(&"ab ".repeat(40), "ana@x").len(), 62);
    }

    #[test]
    fn a_slug_is_checked() {
        assert_eq!(" Blue-Bank_2 ".parse::<Slug>().unwrap().as_str(), "blue-bank_2");
        for text in ["-a", "a-", "_", "a b", "a/b", "a.b", "\u{e9}"] {
            assert_eq!(text.parse::<Slug>(), Err(SlugError::Character), "{text}");
        }
        for text in [String::new(), "a".repeat(64)] {
            assert_eq!(text.parse::<Slug>(), Err(SlugError::Length));
        }
    }

    proptest! {
        #[test]
        fn what_is_derived_is_a_slug(name in "\\PC{0,80}") {
            if let Ok(slug) = Slug::derive(&name) {
                prop_assert_eq!(&slug.as_str().parse::<Slug>().unwrap(), &slug);
            }
        }

        #[test]
        fn parsing_is_a_fixed_point(text in "[A-Za-z0-9][A-Za-z0-9_-]{0,20}[A-Za-z0-9]") {
            let slug: Slug = text.parse().unwrap();
            prop_assert_eq!(&slug.as_str().parse::<Slug>().unwrap(), &slug);
            prop_assert_eq!(slug.as_str(), text.to_lowercase());
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_read_again(text in any_text()) {
            fixed_point::<Slug>(&text)?;
        }
    }
}
