//! The keys in use.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, Nonce, RandomizedNonceKey};
use zeroize::Zeroizing;

use crate::envelope::{Envelope, associated_data};
use crate::key::{KeyId, SealingKey};

/// Seals with one key and opens with several. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct KeyRing(Arc<Members>);

struct Members {
    first: Member,
    older: Vec<Member>,
}

struct Member {
    id: KeyId,
    key: SealingKey,
}

/// Why a list of keys is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key ring has at least one key")]
pub struct KeyRingError;

/// The system could not encrypt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the value could not be sealed")]
pub struct SealError;

/// Why an envelope does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The bytes are no envelope.
    #[error("the value is not sealed")]
    NotSealed,
    /// It was sealed with a key that is not in the ring.
    #[error("the value was sealed with a key that is not known here")]
    UnknownKey,
    /// It was changed, or sealed for another place.
    #[error("the sealed value was changed, or is for another place")]
    Refused,
}

impl KeyRing {
    /// A ring that seals with `first` and opens with `first` and `older`.
    pub fn new(first: SealingKey, older: impl IntoIterator<Item = SealingKey>) -> Self {
        let member = |key: SealingKey| Member { id: key.id(), key };
        Self(Arc::new(Members { first: member(first), older: older.into_iter().map(member).collect() }))
    }

    /// A ring of these keys, of which the first seals.
    pub fn of(keys: impl IntoIterator<Item = SealingKey>) -> Result<Self, KeyRingError> {
        let mut keys = keys.into_iter();
        let first = keys.next().ok_or(KeyRingError)?;
        Ok(Self::new(first, keys))
    }

    /// The keys by name; the first of them seals.
    pub fn key_ids(&self) -> impl Iterator<Item = KeyId> {
        self.0.iter().map(|member| member.id)
    }

    /// Every key with its name; the first of them seals.
    pub(crate) fn keys(&self) -> ((KeyId, &SealingKey), impl Iterator<Item = (KeyId, &SealingKey)>) {
        (self.0.first.named(), self.0.older.iter().map(Member::named))
    }

    /// Encrypts `plaintext` for the place that `associated` names. The envelope is 37 bytes longer.
    pub fn seal(&self, plaintext: &[u8], associated: &[u8]) -> Result<Vec<u8>, SealError> {
        let member = &self.0.first;
        let key = member.cipher().ok_or(SealError)?;
        let aad = Aad::from(associated_data(member.id, associated));
        let mut sealed = plaintext.to_vec();
        let nonce = key.seal_in_place_append_tag(aad, &mut sealed).map_err(|_| SealError)?;
        Ok(Envelope { key_id: member.id, nonce: *nonce.as_ref(), sealed: &sealed }.write())
    }

    /// Decrypts an envelope that was sealed for the place that `associated` names.
    pub fn open(&self, envelope: &[u8], associated: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let envelope = Envelope::read(envelope).ok_or(OpenError::NotSealed)?;
        let member =
            self.0.iter().find(|member| member.id == envelope.key_id).ok_or(OpenError::UnknownKey)?;
        let key = member.cipher().ok_or(OpenError::Refused)?;
        let aad = Aad::from(associated_data(member.id, associated));
        let nonce = Nonce::assume_unique_for_key(envelope.nonce);
        let mut opened = Zeroizing::new(envelope.sealed.to_vec());
        let length = key.open_in_place(nonce, aad, &mut opened).map_err(|_| OpenError::Refused)?.len();
        opened.truncate(length);
        Ok(opened)
    }
}

impl Members {
    fn iter(&self) -> impl Iterator<Item = &Member> {
        std::iter::once(&self.first).chain(&self.older)
    }
}

impl Member {
    fn named(&self) -> (KeyId, &SealingKey) {
        (self.id, &self.key)
    }

    /// Made for each use, so that the one copy of the key that lives long is the one that is cleared.
    fn cipher(&self) -> Option<RandomizedNonceKey> {
        RandomizedNonceKey::new(&AES_256_GCM_SIV, self.key.expose()).ok()
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.0.iter().map(|member| &member.key)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(byte: u8) -> SealingKey {
        SealingKey::from_bytes([byte; 32])
    }

    #[test]
    fn the_first_key_seals_and_all_open() {
        let before = KeyRing::new(key(1), []);
        let after = KeyRing::of([key(2), key(1)]).unwrap();
        let old = before.seal(b"value", b"place").unwrap();
        assert_eq!(*after.open(&old, b"place").unwrap(), b"value");
        let new = after.seal(b"value", b"place").unwrap();
        let [second, first] = [&old, &new].map(|envelope| KeyId::of_envelope(envelope).unwrap());
        assert_eq!(after.key_ids().collect::<Vec<_>>(), [first, second]);
        assert_eq!(KeyId::of_envelope(b"no envelope"), None);
        assert_eq!(before.open(&new, b"place"), Err(OpenError::UnknownKey));
        assert_eq!(KeyRing::of([]).unwrap_err(), KeyRingError);
    }

    #[test]
    fn two_envelopes_of_one_value_differ_and_show_nothing() {
        let ring = KeyRing::new(key(1), []);
        let [one, other] = [(); 2].map(|()| ring.seal(b"a secret value", b"place").unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), b"a secret value".len() + 37);
        assert!(!one.windows(6).any(|window| window == b"secret"));
        assert!(!format!("{ring:?}").contains(key(1).to_base64().as_str()));
    }

    #[test]
    fn what_is_no_envelope_is_told_apart() {
        let ring = KeyRing::new(key(1), []);
        for bytes in [b"".as_slice(), b"{\"valid\":true}", &[1; 36], &[2; 64]] {
            assert_eq!(ring.open(bytes, b""), Err(OpenError::NotSealed), "{bytes:?}");
        }
        assert_eq!(ring.open(&[1; 37], b""), Err(OpenError::UnknownKey));
    }

    proptest! {
        #[test]
        fn opens_what_it_sealed(value: Vec<u8>, place: Vec<u8>) {
            let ring = KeyRing::new(key(1), []);
            let envelope = ring.seal(&value, &place).unwrap();
            prop_assert_eq!(ring.open(&envelope, &place).unwrap().to_vec(), value);
        }

        /// One bit anywhere, and one byte less or more: nothing comes out.
        #[test]
        fn a_changed_envelope_does_not_open(
            value: Vec<u8>,
            at in any::<prop::sample::Index>(),
            bit in 0_u8..8,
        ) {
            let ring = KeyRing::new(key(1), []);
            let envelope = ring.seal(&value, b"place").unwrap();
            let mut changed = envelope.clone();
            changed[at.index(envelope.len())] ^= 1 << bit;
            prop_assert!(ring.open(&changed, b"place").is_err());
            prop_assert!(ring.open(&envelope[..envelope.len() - 1], b"place").is_err());
            prop_assert!(ring.open(&[envelope.as_slice(), &[0]].concat(), b"place").is_err());
            prop_assert!(ring.open(&envelope, b"place2").is_err());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_no_envelope(bytes: Vec<u8>, named in any::<bool>()) {
            let ring = KeyRing::new(key(1), []);
            // With the head of one that was sealed here, too.
            let head = ring.seal(b"", b"").unwrap();
            let bytes = if named { [&head[..head.len() - 16], &bytes].concat() } else { bytes };
            prop_assert!(ring.open(&bytes, b"place").is_err());
        }
    }
}
