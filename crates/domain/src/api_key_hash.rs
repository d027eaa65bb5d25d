//! The name a key is stored and looked up under.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::api_key::ApiKey;

/// SHA-256 of a key's text. Keys made here are long and random, so no salt and no slow hash is needed. A foreign one may be
/// short, so its hash is nothing for logs: `Debug` shows its beginning. `==` takes the same time whatever the difference.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ApiKeyHash([u8; 32]);

/// The text is no hash of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be the SHA-256 of a key, as 64 hex digits")]
pub struct ApiKeyHashError;

impl ApiKeyHash {
    /// The hash of a key.
    pub fn of(key: &ApiKey) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, key.expose().as_bytes()).as_ref());
        Self(hash)
    }

    /// The hash that was stored as these bytes.
    pub fn from_bytes(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// Its bytes, to be stored or looked up.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for ApiKeyHash {
    type Err = ApiKeyHashError;

    /// 64 hex digits, as `Display` writes them.
    fn from_str(text: &str) -> Result<Self, ApiKeyHashError> {
        if text.len() != 64 {
            return Err(ApiKeyHashError);
        }
        const_hex::decode_to_array(text).map(Self).map_err(|_| ApiKeyHashError)
    }
}

impl TryFrom<String> for ApiKeyHash {
    type Error = ApiKeyHashError;

    fn try_from(text: String) -> Result<Self, ApiKeyHashError> {
        text.parse()
    }
}

impl From<ApiKeyHash> for String {
    fn from(hash: ApiKeyHash) -> Self {
        hash.to_string()
    }
}

impl PartialEq for ApiKeyHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for ApiKeyHash {}

impl fmt::Display for ApiKeyHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(const_hex::Buffer::<32>::new().format(&self.0))
    }
}

impl fmt::Debug for ApiKeyHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKeyHash(")?;
        self.0.iter().take(4).try_for_each(|byte| write!(formatter, "{byte:02x}"))?;
        formatter.write_str("...)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::any_text::{any_text, fixed_point};
    use proptest::prelude::*;

    #[test]
    fn is_sha_256_in_hex() {
        let hash = ApiKeyHash::of(&ApiKey::parse("abc").unwrap());
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash.to_string(), hex);
        assert_eq!(format!("{hash:?}"), "ApiKeyHash(ba7816bf...)");
        assert_ne!(hash, ApiKeyHash::of(&ApiKey::parse("abd").unwrap()));
        assert_eq!(hash, ApiKeyHash::from_bytes(*hash.as_bytes()));
        assert_eq!(hex.parse(), Ok(hash));
        for text in ["", "ab", &"g".repeat(64)] {
            assert_eq!(text.parse::<ApiKeyHash>(), Err(ApiKeyHashError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_read_again(text in any_text()) {
            fixed_point::<ApiKeyHash>(&text)?;
        }
    }
}
