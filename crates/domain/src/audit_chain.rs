//! The audit log as a chain: each row is linked to the one before, so that none can be changed or taken away unseen.
//!
//! What a link is made of is not decided here: see `tenancy`. These are the forms in which it is kept.

use std::fmt;
use std::str::FromStr;

use crate::audit_index::AuditIndex;
use crate::timestamp::Timestamp;

/// What links a row to all rows before it; 32 bytes, written in hex.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinkHash([u8; LinkHash::BYTES]);

/// The text is no hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be {} hexadecimal digits", 2 * LinkHash::BYTES)]
pub struct LinkHashError;

/// The public name of a key that made a link or a signature: it tells nothing of the key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainKeyName(pub String);

/// The end of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainHead {
    /// The number of its last row; 0 when there is none.
    pub sequence: u64,
    /// The link of that row.
    pub link: LinkHash,
}

/// A row that waits for its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnchainedRow {
    /// Its id.
    pub id: String,
    /// What it says, byte by byte as it is stored.
    pub document: String,
}

/// A row of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainedRow {
    /// Its number: 1, 2, 3 and so on without a hole.
    pub sequence: u64,
    /// When it got it.
    pub chained_at: Timestamp,
    /// Its id.
    pub id: String,
    /// What it says, byte by byte as it is stored.
    pub document: String,
    /// What it is found by.
    pub index: AuditIndex,
    /// Where lists meet it: a text of its time and its number ([`AuditPosition::of`](crate::AuditPosition::of)).
    pub place: String,
    /// What links it to the row before.
    pub link: LinkHash,
    /// Which key made the link.
    pub key: ChainKeyName,
}

/// Where a chain begins whose first rows were removed because they were old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainAnchor {
    /// The last row that was removed.
    pub head: ChainHead,
    /// When.
    pub at: Timestamp,
    /// Which key signed it.
    pub key: ChainKeyName,
    /// The signature.
    pub signature: LinkHash,
}

impl LinkHash {
    /// How many bytes it has.
    pub const BYTES: usize = 32;
    /// What the first row of all is linked to.
    pub const BEGINNING: Self = Self([0; Self::BYTES]);

    /// From its bytes.
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

impl ChainHead {
    /// Of a chain without rows.
    pub const BEGINNING: Self = Self { sequence: 0, link: LinkHash::BEGINNING };
}

impl From<&ChainedRow> for ChainHead {
    fn from(row: &ChainedRow) -> Self {
        Self { sequence: row.sequence, link: row.link }
    }
}

impl fmt::Display for LinkHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&const_hex::encode(self.0))
    }
}

impl fmt::Debug for LinkHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for LinkHash {
    type Err = LinkHashError;

    fn from_str(text: &str) -> Result<Self, LinkHashError> {
        let mut bytes = [0; Self::BYTES];
        let is_hex = text.len() == 2 * Self::BYTES && const_hex::decode_to_slice(text, &mut bytes).is_ok();
        if is_hex { Ok(Self(bytes)) } else { Err(LinkHashError) }
    }
}

impl fmt::Display for ChainKeyName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_as_it_is_written() {
        let hash = LinkHash::from_bytes(std::array::from_fn(|index| index as u8 * 8));
        assert_eq!(hash.to_string().parse(), Ok(hash));
        for wrong in ["", "00", &"g".repeat(64), &format!("0x{}", "0".repeat(64)), &"0".repeat(62)] {
            assert_eq!(wrong.parse::<LinkHash>(), Err(LinkHashError), "{wrong}");
        }
    }
}
