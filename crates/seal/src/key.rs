//! One key.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::envelope::Envelope;

/// A key of 32 bytes. Its `Debug` shows its id only, and its memory is cleared when it is dropped.
#[derive(Clone)]
pub struct SealingKey(Zeroizing<[u8; SealingKey::BYTES]>);

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealingKeyError {
    /// It is not base64.
    #[error("a key is 32 bytes in base64")]
    NotBase64,
    /// It is base64 of another length.
    #[error("a key has 32 bytes, not {length}")]
    Length {
        /// How many bytes it has.
        length: usize,
    },
}

/// Names a key in what it sealed: the beginning of a hash, which tells nothing of the key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub(crate) [u8; 8]);

impl KeyId {
    /// Of the key that sealed an envelope; `None` for what is none.
    pub fn of_envelope(bytes: &[u8]) -> Option<Self> {
        Envelope::read(bytes).map(|envelope| envelope.key_id)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl SealingKey {
    /// How many bytes a key has.
    pub const BYTES: usize = 32;

    /// A key from its bytes, which must be random.
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads a key in base64 (RFC 4648, with padding), as `openssl rand -base64 32` prints it.
    pub fn from_base64(text: &str) -> Result<Self, SealingKeyError> {
        let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| SealingKeyError::NotBase64)?);
        let mut key = Zeroizing::new([0; Self::BYTES]);
        if bytes.len() != Self::BYTES {
            return Err(SealingKeyError::Length { length: bytes.len() });
        }
        key.copy_from_slice(&bytes);
        Ok(Self(key))
    }

    /// The key in base64, to be kept in a file.
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.expose()))
    }

    pub(crate) fn expose(&self) -> &[u8] {
        self.0.as_slice()
    }

    pub(crate) fn id(&self) -> KeyId {
        let mut named = Zeroizing::new(b"id of a sealing key:".to_vec());
        named.extend_from_slice(self.expose());
        let mut id = [0; 8];
        id.copy_from_slice(&digest(&SHA256, &named).as_ref()[..8]);
        KeyId(id)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// The text names no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name of a key has 16 hexadecimal digits")]
pub struct KeyIdError;

impl FromStr for KeyId {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<Self, KeyIdError> {
        if text.len() != 16 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(KeyIdError);
        }
        let number = u64::from_str_radix(text, 16).map_err(|_| KeyIdError)?;
        Ok(Self(number.to_be_bytes()))
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SealingKey({})", self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn is_read_from_base64_and_shows_nothing() {
        let key = SealingKey::from_bytes([9; 32]);
        let text = key.to_base64();
        assert_eq!(SealingKey::from_base64(&format!(" {}\n", *text)).unwrap().expose(), key.expose());
        assert!(!format!("{key:?}").contains(text.as_str()));
        assert_eq!(SealingKey::from_base64("not base64!").unwrap_err(), SealingKeyError::NotBase64);
        let short = SealingKey::from_base64("c2hvcnQ=").unwrap_err();
        assert_eq!(short, SealingKeyError::Length { length: 5 });
    }

    proptest! {
        #[test]
        fn every_key_is_read_back(bytes in any::<[u8; 32]>()) {
            let key = SealingKey::from_bytes(bytes);
            let read = SealingKey::from_base64(&key.to_base64()).unwrap();
            prop_assert_eq!(read.expose(), key.expose());
        }

        #[test]
        fn any_text_is_refused_or_a_key(any in any::<String>(), near in "[A-Za-z0-9+/]{40,46}={0,3}") {
            for text in [any, near] {
                if let Ok(key) = SealingKey::from_base64(&text) {
                    prop_assert!(key.to_base64().as_str() == text.trim(), "{}", text);
                }
            }
        }
    }
}
