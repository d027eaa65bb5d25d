//! Keys that prove who made something, derived from those that seal.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac::{HMAC_SHA256, Key, Tag, sign, verify};
use zeroize::Zeroizing;

use crate::key::{KeyId, SealingKey};
use crate::key_ring::KeyRing;

/// Makes authentication codes (HMAC-SHA256) with one key and checks those of several, for one purpose: what is made for another
/// purpose proves nothing here. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct MacRing {
    first: Arc<Member>,
    older: Arc<[Member]>,
}

struct Member {
    id: KeyId,
    /// Derived from the key of this id.
    key: Zeroizing<[u8; MacRing::BYTES]>,
}

/// Why a code proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MacError {
    /// It was made with a key that is not in the ring.
    #[error("it was made with a key that is not known here")]
    UnknownKey,
    /// It is of something else, or was not made with this key.
    #[error("it is not of what it is said to be")]
    Different,
}

impl MacRing {
    /// How many bytes a code has.
    pub const BYTES: usize = 32;

    /// With `first`, and for checks also `older`, each derived for `purpose`.
    pub(crate) fn derived<'a>(
        first: (KeyId, &'a SealingKey),
        older: impl Iterator<Item = (KeyId, &'a SealingKey)>,
        purpose: &str,
    ) -> Self {
        let member = |(id, key): (KeyId, &SealingKey)| Member { id, key: derive(key, purpose) };
        Self { first: Arc::new(member(first)), older: older.map(member).collect() }
    }

    /// The name of the key that makes codes.
    pub fn key_id(&self) -> KeyId {
        self.first.id
    }

    /// The code of these bytes.
    pub fn make(&self, bytes: &[u8]) -> [u8; Self::BYTES] {
        code(&self.first.key(), bytes)
    }

    /// Whether the key of this name made `code` of these bytes.
    pub fn check(&self, key: KeyId, bytes: &[u8], code: &[u8; Self::BYTES]) -> Result<(), MacError> {
        let mut members = std::iter::once(self.first.as_ref()).chain(self.older.iter());
        let member = members.find(|member| member.id == key).ok_or(MacError::UnknownKey)?;
        // Compares in constant time.
        verify(&member.key(), bytes, code).map_err(|_| MacError::Different)
    }
}

impl Member {
    /// Made for each use, so that the one copy of the key that lives long is the one that is cleared.
    fn key(&self) -> Key {
        Key::new(HMAC_SHA256, self.key.as_slice())
    }
}

fn derive(key: &SealingKey, purpose: &str) -> Zeroizing<[u8; MacRing::BYTES]> {
    let label = format!("derived from a sealing key for: {purpose}");
    Zeroizing::new(code(&Key::new(HMAC_SHA256, key.expose()), label.as_bytes()))
}

fn code(key: &Key, bytes: &[u8]) -> [u8; MacRing::BYTES] {
    let tag: Tag = sign(key, bytes);
    let mut code = [0; MacRing::BYTES];
    code.copy_from_slice(tag.as_ref());
    code
}

impl fmt::Debug for MacRing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = std::iter::once(&self.first.id).chain(self.older.iter().map(|member| &member.id));
        formatter.debug_list().entries(ids).finish()
    }
}

impl KeyRing {
    /// Keys for codes, one of each key here: nobody who sees a code learns anything of what was sealed.
    pub fn mac_ring(&self, purpose: &str) -> MacRing {
        let (first, older) = self.keys();
        MacRing::derived(first, older, purpose)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(bytes: &[u8]) -> MacRing {
        KeyRing::of(bytes.iter().map(|byte| SealingKey::from_bytes([*byte; 32]))).unwrap().mac_ring("tests")
    }

    #[test]
    fn the_first_key_makes_and_all_check() {
        let (before, after) = (ring(&[1]), ring(&[2, 1]));
        let old = before.make(b"row");
        assert_eq!(after.check(before.key_id(), b"row", &old), Ok(()));
        let new = after.make(b"row");
        assert_ne!(old, new);
        assert_eq!(after.check(after.key_id(), b"row", &new), Ok(()));
        assert_eq!(before.check(after.key_id(), b"row", &new), Err(MacError::UnknownKey));
        assert_eq!(after.check(after.key_id(), b"row", &old), Err(MacError::Different));
        assert_eq!(before.check(before.key_id(), b"Row", &old), Err(MacError::Different));
    }

    #[test]
    fn a_purpose_has_keys_of_its_own_and_none_is_shown() {
        let keys = KeyRing::new(SealingKey::from_bytes([1; 32]), []);
        let (one, other) = (keys.mac_ring("one"), keys.mac_ring("other"));
        assert_eq!(one.key_id(), other.key_id(), "the name is that of the key they come from");
        assert_eq!(other.check(one.key_id(), b"row", &one.make(b"row")), Err(MacError::Different));
        assert_eq!(format!("{one:?}"), format!("[{}]", one.key_id()));
    }

    #[test]
    fn a_name_of_a_key_is_read_as_it_is_written() {
        let id = ring(&[1]).key_id();
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in ["", "00", "0011223344556g77", "é011223344556677"] {
            assert!(wrong.parse::<KeyId>().is_err(), "{wrong}");
        }
    }
}
