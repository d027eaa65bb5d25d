//! API keys as texts.
//!
//! Keys made here are `pm_{environment}_{public id}_{secret}{checksum}`: the public id may stand in logs, the
//! checksum (CRC32 of all before it) tells a mistyped key from a real one without a look-up. Keys that were made
//! elsewhere have any form and are looked up as they are.

use std::fmt;

use zeroize::Zeroizing;

use crate::base62;

const PREFIX: &str = "pm";
const ENVIRONMENT_LENGTH: usize = 16;
const ID_LENGTH: usize = 12;
const ID_BYTES: usize = 8;
const SECRET_LENGTH: usize = 43;
const CHECKSUM_LENGTH: usize = 6;
const MAX_LENGTH: usize = 256;

/// The text of an API key. It is cleared from memory when dropped and never shows in `Debug`.
#[derive(Clone)]
pub struct ApiKey(Zeroizing<String>);

/// Why a text cannot be an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyError {
    /// Nothing, or more than 256 characters.
    #[error("an API key has 1 to {MAX_LENGTH} characters")]
    Length,
    /// A character that is not printable ASCII.
    #[error("an API key is made of printable ASCII characters")]
    Character,
    /// A blank at the beginning or the end. HTTP trims the values of headers, so nobody could present such a key.
    #[error("an API key neither begins nor ends with a blank")]
    OuterBlank,
    /// The form of a key made here, but its checksum is wrong: it was mistyped, or cut.
    #[error("the API key was changed or mistyped: its checksum is wrong")]
    Checksum,
}

impl ApiKey {
    /// How many random bytes a new key takes: 64 bits for the public id, 256 for the secret.
    pub const RANDOM_BYTES: usize = ID_BYTES + Self::SECRET_BYTES;
    /// How many of them are for the secret.
    pub const SECRET_BYTES: usize = 32;

    /// A new key from random bytes. `environment` is shortened to 16 lower-case letters and digits.
    pub fn generate(environment: &str, random: [u8; Self::RANDOM_BYTES]) -> Self {
        let (id, secret) = random.split_at(ID_BYTES);
        Self::of_parts(&environment_part(environment), &base62::encode(id, ID_LENGTH), secret)
    }

    /// Another key with the public id of one that was made here, for whoever replaces it; `None` when `id` is none.
    pub fn renew(environment: &str, id: &str, random: [u8; Self::SECRET_BYTES]) -> Option<Self> {
        let is_own = id.len() == ID_LENGTH && base62::is_base62(id);
        is_own.then(|| Self::of_parts(&environment_part(environment), id, &random))
    }

    fn of_parts(environment: &str, id: &str, secret: &[u8]) -> Self {
        let secret = Zeroizing::new(base62::encode(secret, SECRET_LENGTH));
        let body = Zeroizing::new(format!("{PREFIX}_{environment}_{id}_{}", *secret));
        let mut text = Zeroizing::new(String::with_capacity(body.len() + CHECKSUM_LENGTH));
        text.push_str(&body);
        text.extend(checksum(&body).map(char::from));
        Self(text)
    }

    /// Takes any text that can be a key. One of exactly the form made here must have the right checksum.
    pub fn parse(text: &str) -> Result<Self, ApiKeyError> {
        if text.is_empty() || text.len() > MAX_LENGTH {
            return Err(ApiKeyError::Length);
        }
        if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(ApiKeyError::Character);
        }
        if text.starts_with(' ') || text.ends_with(' ') {
            return Err(ApiKeyError::OuterBlank);
        }
        if own_parts(text).is_some() {
            let (body, given) = text.split_at(text.len() - CHECKSUM_LENGTH);
            if checksum(body) != given.as_bytes() {
                return Err(ApiKeyError::Checksum);
            }
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// The public id of a key made here; it is not secret and names the key in logs.
    pub fn public_id(&self) -> Option<&str> {
        own_parts(&self.0)
    }

    /// The text itself: to hash it, or to hand it to its owner once.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// The environment as it stands in a key: 16 lower-case letters and digits at most.
fn environment_part(environment: &str) -> String {
    let letters = environment.chars().map(|letter| letter.to_ascii_lowercase());
    let part: String = letters.filter(char::is_ascii_alphanumeric).take(ENVIRONMENT_LENGTH).collect();
    if part.is_empty() { "any".to_owned() } else { part }
}

/// The public id of a text that has the form of a key made here, whatever its checksum.
fn own_parts(text: &str) -> Option<&str> {
    let mut parts = text.split('_');
    let (PREFIX, environment, id, secret) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?)
    else {
        return None;
    };
    if parts.next().is_some() {
        return None;
    }
    let is_environment = (1..=ENVIRONMENT_LENGTH).contains(&environment.len())
        && environment.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let is_own = is_environment
        && id.len() == ID_LENGTH
        && secret.len() == SECRET_LENGTH + CHECKSUM_LENGTH
        && base62::is_base62(id)
        && base62::is_base62(secret);
    is_own.then_some(id)
}

/// For every request: without a `String`.
fn checksum(body: &str) -> [u8; CHECKSUM_LENGTH] {
    base62::digits(crc32fast::hash(body.as_bytes()))
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ApiKey({})", self.public_id().unwrap_or("redacted"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::any_text::any_text;
    use proptest::prelude::*;

    #[test]
    fn a_made_key_has_the_documented_form() {
        let key = ApiKey::generate("staging", [7; ApiKey::RANDOM_BYTES]);
        let parts: Vec<&str> = key.expose().split('_').collect();
        assert_eq!((parts[0], parts[1], parts[2].len(), parts[3].len()), ("pm", "staging", 12, 49));
        assert_eq!(key.public_id(), Some(parts[2]));
        assert!(!format!("{key:?}").contains(parts[3]));
        assert!(ApiKey::generate("Pre Prod!", [0; ApiKey::RANDOM_BYTES]).expose().starts_with("pm_preprod_"));
        assert!(ApiKey::generate("", [0; ApiKey::RANDOM_BYTES]).expose().starts_with("pm_any_"));
    }

    #[test]
    fn foreign_keys_of_any_form_pass_and_the_rest_does_not() {
        for text in ["k", "sk_live_abc", "pm_x", "a key with blanks", &"k".repeat(256)] {
            assert!(ApiKey::parse(text).is_ok(), "{text}");
        }
        assert_eq!(ApiKey::parse("").unwrap_err(), ApiKeyError::Length);
        assert_eq!(ApiKey::parse(&"k".repeat(257)).unwrap_err(), ApiKeyError::Length);
        for text in ["ключ", "a\tb", "a\u{7f}"] {
            assert_eq!(ApiKey::parse(text).unwrap_err(), ApiKeyError::Character);
        }
        for text in [" k", "k ", " "] {
            assert_eq!(ApiKey::parse(text).unwrap_err(), ApiKeyError::OuterBlank, "{text:?}");
        }
        assert!(!format!("{:?}", ApiKey::parse("hunter2").unwrap()).contains("hunter2"));
    }

    #[test]
    fn a_renewed_key_has_the_id_of_the_old_one() {
        let key = ApiKey::generate("staging", [7; ApiKey::RANDOM_BYTES]);
        let renewed = ApiKey::renew("staging", key.public_id().unwrap(), [8; ApiKey::SECRET_BYTES]).unwrap();
        assert_eq!(renewed.public_id(), key.public_id());
        assert_ne!(renewed.expose(), key.expose());
        assert!(ApiKey::parse(renewed.expose()).is_ok());
        assert!(ApiKey::renew("staging", "bootstrap", [8; ApiKey::SECRET_BYTES]).is_none());
    }

    proptest! {
        #[test]
        fn a_made_key_is_parsed(random in any::<[u8; ApiKey::RANDOM_BYTES]>(), environment in "[a-z0-9]{1,20}") {
            let key = ApiKey::generate(&environment, random);
            let parsed = ApiKey::parse(key.expose()).unwrap();
            prop_assert_eq!(parsed.expose(), key.expose());
        }

        /// One other character anywhere, the form kept: refused without a look-up.
        #[test]
        fn every_changed_character_is_noticed(
            random in any::<[u8; ApiKey::RANDOM_BYTES]>(),
            at in any::<prop::sample::Index>(),
            other in "[0-9a-z]",
        ) {
            let text = ApiKey::generate("staging", random).expose().to_owned();
            let places: Vec<usize> = text.char_indices().skip(3).filter(|(_, c)| *c != '_').map(|(at, _)| at).collect();
            let place = places[at.index(places.len())];
            let mut changed = text.clone();
            changed.replace_range(place..=place, &other);
            prop_assume!(changed != text);
            prop_assert_eq!(ApiKey::parse(&changed).unwrap_err(), ApiKeyError::Checksum);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_kept_as_it_is(text in any_text()) {
            if let Ok(key) = ApiKey::parse(&text) {
                prop_assert_eq!(key.expose(), text.as_str());
                prop_assert!(text.len() <= MAX_LENGTH);
            }
        }
    }
}
