//! The layout of an envelope: version (1 byte), key id (8), nonce (12), ciphertext, tag (16).

use crate::key::KeyId;

const VERSION: u8 = 1;
const ID_LENGTH: usize = 8;
const NONCE_LENGTH: usize = 12;
const TAG_LENGTH: usize = 16;
const HEAD_LENGTH: usize = 1 + ID_LENGTH;

/// The parts of an envelope.
pub(crate) struct Envelope<'a> {
    pub(crate) key_id: KeyId,
    pub(crate) nonce: [u8; NONCE_LENGTH],
    /// Ciphertext and tag.
    pub(crate) sealed: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// Takes an envelope apart; `None` for what is none.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (head, rest) = bytes.split_at_checked(HEAD_LENGTH)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_LENGTH)?;
        if head[0] != VERSION || sealed.len() < TAG_LENGTH {
            return None;
        }
        Some(Self { key_id: KeyId(head[1..].try_into().ok()?), nonce: nonce.try_into().ok()?, sealed })
    }

    /// Puts an envelope together.
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_LENGTH + NONCE_LENGTH + self.sealed.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.key_id.0);
        bytes.extend_from_slice(&self.nonce);
        bytes.extend_from_slice(self.sealed);
        bytes
    }
}

/// What the tag vouches for besides the plaintext: the head, of fixed length, then what the caller binds it to.
pub(crate) fn associated_data(key_id: KeyId, associated: &[u8]) -> Vec<u8> {
    let mut data = Vec::with_capacity(HEAD_LENGTH + associated.len());
    data.push(VERSION);
    data.extend_from_slice(&key_id.0);
    data.extend_from_slice(associated);
    data
}
