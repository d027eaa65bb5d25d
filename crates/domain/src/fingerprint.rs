//! What a write asks for.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{Context, SHA256};

/// SHA-256 of what a write asks for: two requests of one key with different fingerprints are different writes. `Display` is
/// lower-case hex, and is read back by `parse`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

/// The text is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint has 64 hex digits")]
pub struct FingerprintError;

impl Fingerprint {
    /// The fingerprint of a request: of its method, path, query string and body, in this order, a line feed between them.
    /// A missing query string counts as an empty one.
    pub fn of_request(method: &str, path: &str, query: &str, body: &[u8]) -> Self {
        let mut context = Context::new(&SHA256);
        for part in [method, path, query] {
            context.update(part.as_bytes());
            context.update(b"\n");
        }
        context.update(body);
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        Self(hash)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(const_hex::Buffer::<32>::new().format(&self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Fingerprint({self})")
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        if text.len() != 64 {
            return Err(FingerprintError);
        }
        const_hex::decode_to_array(text).map(Self).map_err(|_| FingerprintError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_hash_of_the_four_parts() {
        // printf 'POST\n/v1/tenants\na=1\n{}' | sha256sum
        let hex = "154d466ab1eea5b7148a52bc4dca70e97f7354dff78177791cd998c915ee4635";
        let fingerprint = Fingerprint::of_request("POST", "/v1/tenants", "a=1", b"{}");
        assert_eq!(fingerprint.to_string(), hex);
        assert_eq!(hex.parse(), Ok(fingerprint));
    }

    #[test]
    fn every_part_counts() {
        let requests = [
            ("POST", "/a", "", b"".as_slice()),
            ("PUT", "/a", "", b""),
            ("POST", "/b", "", b""),
            ("POST", "/a", "x", b""),
            ("POST", "/a", "", b"x"),
        ];
        let prints =
            requests.map(|(method, path, query, body)| Fingerprint::of_request(method, path, query, body));
        for (index, print) in prints.iter().enumerate() {
            assert!(!prints[..index].contains(print), "{index}");
        }
    }

    #[test]
    fn other_texts_are_none() {
        for text in ["", "ab", &"g".repeat(64), &"a".repeat(63), &"a".repeat(66), &"\u{e9}".repeat(32)] {
            assert_eq!(text.parse::<Fingerprint>(), Err(FingerprintError), "{text}");
        }
    }
}
