//! One stored value, and what can be told from its bytes.

use std::hash::{DefaultHasher, Hasher};
use std::time::Duration;

use bytes::Bytes;

use crate::keyspace::KeyTtl;
use crate::steps::Expiry;

/// What the tables spend on an entry besides the bytes of its key and value; an estimate.
const OVERHEAD_BYTES: u64 = 200;

/// The longest value that the server stores in one piece with its header.
const EMBEDDED_STRING: usize = 44;

/// A value, until when it is one, and the place of its key in the order of pages.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) value: Bytes,
    /// Microseconds since the Unix epoch.
    pub(super) expires_at: Option<u64>,
    pub(super) key_hash: u64,
}

impl Entry {
    pub(super) fn is_expired(&self, now: u64) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    pub(super) fn remaining(&self, now: u64) -> Option<Duration> {
        self.expires_at.map(|at| Duration::from_micros(at.saturating_sub(now)))
    }

    pub(super) fn ttl(&self, now: u64) -> KeyTtl {
        self.remaining(now).map_or(KeyTtl::Never, KeyTtl::Remaining)
    }

    /// Memory of the entry in bytes.
    pub(super) fn weight(&self, key: &[u8]) -> u64 {
        (key.len() + self.value.len()) as u64 + OVERHEAD_BYTES
    }

    /// What the server's `OBJECT ENCODING` would say.
    pub(super) fn encoding(&self) -> &'static str {
        if parse_integer(&self.value).is_some() {
            "int"
        } else if self.value.len() <= EMBEDDED_STRING {
            "embstr"
        } else {
            "raw"
        }
    }
}

/// The place of a key in the order of pages: the same at every call, so that a cursor stays good as long as the
/// keys, which end with the process.
pub(super) fn key_hash(key: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(key);
    hasher.finish()
}

/// When a value stored now is over.
pub(super) fn deadline(now: u64, expiry: Expiry) -> Option<u64> {
    expiry.milliseconds().map(|milliseconds| now.saturating_add(milliseconds.saturating_mul(1_000)))
}

/// The integer that the server would see in the bytes: decimal, no sign but `-`, no leading zeros or blanks.
pub(super) fn parse_integer(value: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(value).ok()?;
    let number: i64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_integers_and_encodings_as_the_server_does() {
        for (text, number) in [("0", 0), ("-7", -7), ("9223372036854775807", i64::MAX)] {
            assert_eq!(parse_integer(text.as_bytes()), Some(number));
        }
        for text in ["", "+1", "01", "-0", " 1", "1 ", "9223372036854775808", "1.0", "x"] {
            assert_eq!(parse_integer(text.as_bytes()), None, "{text:?}");
        }
        let encoding =
            |value: &str| Entry { value: value.to_owned().into(), expires_at: None, key_hash: 0 }.encoding();
        assert_eq!(encoding("12"), "int");
        assert_eq!(encoding(&"x".repeat(44)), "embstr");
        assert_eq!(encoding(&"x".repeat(45)), "raw");
    }
}
