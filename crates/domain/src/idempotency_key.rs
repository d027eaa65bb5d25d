//! The key of a write that may be sent more than once.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};

/// What a caller calls one of its writes, so that sending it again does not do it again: 1 to 256 bytes of visible ASCII,
/// with spaces inside. Callers put order numbers and the like into it, so logs get a hash of it only: it has no `Display`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(Box<str>);

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdempotencyKeyError {
    /// There is nothing in it.
    #[error("an idempotency key has at least one character")]
    Empty,
    /// It is longer than [`IdempotencyKey::MAX_BYTES`].
    #[error("an idempotency key has at most {} bytes", IdempotencyKey::MAX_BYTES)]
    TooLong,
    /// It holds something that is not visible ASCII, or begins or ends with a space.
    #[error("an idempotency key is visible ASCII, with spaces only inside")]
    NotVisible,
}

impl IdempotencyKey {
    /// The longest key, in bytes.
    pub const MAX_BYTES: usize = 256;

    /// Reads a key as it was sent.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, IdempotencyKeyError> {
        let bytes = text.as_ref();
        if bytes.is_empty() {
            return Err(IdempotencyKeyError::Empty);
        }
        if bytes.len() > Self::MAX_BYTES {
            return Err(IdempotencyKeyError::TooLong);
        }
        let is_visible = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
        let ends_in_space = bytes.first() == Some(&b' ') || bytes.last() == Some(&b' ');
        match std::str::from_utf8(bytes) {
            Ok(text) if bytes.iter().all(is_visible) && !ends_in_space => Ok(Self(text.into())),
            _ => Err(IdempotencyKeyError::NotVisible),
        }
    }

    /// The text, for what stores it. Not for logs.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("IdempotencyKey(")?;
        let hash = digest(&SHA256, self.0.as_bytes());
        hash.as_ref().iter().take(4).try_for_each(|byte| write!(formatter, "{byte:02x}"))?;
        formatter.write_str("...)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn up_to_256_visible_bytes_are_a_key() {
        for text in ["a", "order 17", "\"quoted\"", &"k".repeat(256)] {
            assert_eq!(IdempotencyKey::parse(text).unwrap().expose(), text);
        }
    }

    #[test]
    fn everything_else_is_none() {
        assert_eq!(IdempotencyKey::parse(""), Err(IdempotencyKeyError::Empty));
        assert_eq!(IdempotencyKey::parse("k".repeat(257)), Err(IdempotencyKeyError::TooLong));
        for bytes in [" ".as_bytes(), b" a", b"a ", b"a\tb", b"a\nb", b"\x7f", b"\xff", "\u{e9}".as_bytes()] {
            assert_eq!(IdempotencyKey::parse(bytes), Err(IdempotencyKeyError::NotVisible), "{bytes:?}");
        }
    }

    #[test]
    fn a_log_shows_a_hash() {
        // The hash of "abc", as FIPS 180-2 has it.
        assert_eq!(format!("{:?}", IdempotencyKey::parse("abc").unwrap()), "IdempotencyKey(ba7816bf...)");
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_or_kept_as_they_are(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            text in "[ -~]{0,300}",
        ) {
            for bytes in [bytes.as_slice(), text.as_bytes()] {
                if let Ok(key) = IdempotencyKey::parse(bytes) {
                    prop_assert_eq!(key.expose().as_bytes(), bytes);
                    prop_assert!(bytes.len() <= IdempotencyKey::MAX_BYTES);
                }
            }
        }
    }
}
