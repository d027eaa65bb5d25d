//! What links a row to the one before, and what signs the end and the beginning of a chain.

use domain::{
    AuditIndex, AuditPosition, ChainAnchor, ChainHead, ChainKeyName, ChainedRow, LinkHash, Timestamp,
    UnchainedRow,
};
use seal::{KeyRing, MacError, MacRing};

use super::signed_head::SignedHead;

/// The keys of the chain, derived from those that seal, so that they are never where the rows are. A link is the code of the
/// link before, the number, the time of chaining (retention goes by it) and the row byte by byte. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AuditChain {
    links: MacRing,
    heads: MacRing,
    anchors: MacRing,
}

impl AuditChain {
    /// With the keys of this ring: the first makes, all check.
    pub fn of(ring: &KeyRing) -> Self {
        Self {
            links: ring.mac_ring("links of the audit log"),
            heads: ring.mac_ring("heads of the audit log"),
            anchors: ring.mac_ring("anchors of the audit log"),
        }
    }

    /// The row as it stands behind `head`.
    pub fn link(&self, head: &ChainHead, row: UnchainedRow, at: Timestamp) -> ChainedRow {
        let UnchainedRow { id, document } = row;
        let sequence = head.sequence + 1;
        let link = LinkHash::BEGINNING;
        let index = AuditIndex::of_document(&document);
        let place = AuditPosition::of(index.at, sequence).as_str().to_owned();
        let key = name_of(&self.links);
        let row = ChainedRow { sequence, chained_at: at, id, document, index, place, link, key };
        let link = LinkHash::from_bytes(self.links.make(&linked(&head.link, &row)));
        ChainedRow { link, ..row }
    }

    /// Whether the row stands behind a row with this link, as it was chained.
    pub fn check_link(&self, previous: &LinkHash, row: &ChainedRow) -> Result<(), MacError> {
        check(&self.links, &row.key, &linked(previous, row), &row.link)
    }

    /// Signs the end of the chain, for whoever keeps it elsewhere.
    pub fn sign(&self, head: ChainHead, at: Timestamp) -> SignedHead {
        let signature = LinkHash::from_bytes(self.heads.make(&signed(&head, at)));
        SignedHead { head, at, key: name_of(&self.heads), signature }
    }

    /// Whether it was signed here.
    pub fn check_head(&self, head: &SignedHead) -> Result<(), MacError> {
        check(&self.heads, &head.key, &signed(&head.head, head.at), &head.signature)
    }

    /// Signs the place behind which the chain is to begin.
    pub fn anchor(&self, head: ChainHead, at: Timestamp) -> ChainAnchor {
        let signature = LinkHash::from_bytes(self.anchors.make(&signed(&head, at)));
        ChainAnchor { head, at, key: name_of(&self.anchors), signature }
    }

    /// Whether it was signed here.
    pub fn check_anchor(&self, anchor: &ChainAnchor) -> Result<(), MacError> {
        check(&self.anchors, &anchor.key, &signed(&anchor.head, anchor.at), &anchor.signature)
    }

    /// Whether the anchor was signed with the key that signs now.
    pub(super) fn is_newest(&self, anchor: &ChainAnchor) -> bool {
        anchor.key == name_of(&self.anchors)
    }
}

fn check(ring: &MacRing, key: &ChainKeyName, bytes: &[u8], code: &LinkHash) -> Result<(), MacError> {
    let key = key.0.parse().map_err(|_no_name| MacError::UnknownKey)?;
    ring.check(key, bytes, code.as_bytes())
}

/// The parts before the row have a fixed length, so that no two rows have the same bytes.
fn linked(previous: &LinkHash, row: &ChainedRow) -> Vec<u8> {
    let (sequence, at) = (row.sequence.to_be_bytes(), row.chained_at.millis().to_be_bytes());
    [previous.as_bytes().as_slice(), &sequence, &at, row.document.as_bytes()].concat()
}

fn signed(head: &ChainHead, at: Timestamp) -> Vec<u8> {
    [head.sequence.to_be_bytes().as_slice(), head.link.as_bytes(), &at.millis().to_be_bytes()].concat()
}

fn name_of(ring: &MacRing) -> ChainKeyName {
    ChainKeyName(ring.key_id().to_string())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{chain, row};
    use super::*;

    const AT: Timestamp = Timestamp::ZERO;

    #[test]
    fn a_link_is_of_the_row_its_number_and_all_before() {
        let chain = chain(&[1]);
        let first = chain.link(&ChainHead::BEGINNING, row("a"), AT);
        let second = chain.link(&ChainHead::from(&first), row("b"), AT);
        assert_eq!((first.sequence, second.sequence), (1, 2));
        assert_eq!(chain.check_link(&LinkHash::BEGINNING, &first), Ok(()));
        assert_eq!(chain.check_link(&first.link, &second), Ok(()));
        let altered = ChainedRow { document: first.document.replace('a', "b"), ..first.clone() };
        assert_eq!(chain.check_link(&LinkHash::BEGINNING, &altered), Err(MacError::Different));
        let aged = ChainedRow { chained_at: Timestamp::from_millis(1), ..first.clone() };
        assert_eq!(chain.check_link(&LinkHash::BEGINNING, &aged), Err(MacError::Different));
        let moved = ChainedRow { sequence: 3, ..second.clone() };
        assert_eq!(chain.check_link(&first.link, &moved), Err(MacError::Different));
        assert_eq!(chain.check_link(&LinkHash::BEGINNING, &second), Err(MacError::Different));
    }

    #[test]
    fn an_older_key_of_the_ring_is_known_and_another_is_not() {
        let first = chain(&[1]).link(&ChainHead::BEGINNING, row("a"), AT);
        assert_eq!(chain(&[2, 1]).check_link(&LinkHash::BEGINNING, &first), Ok(()));
        assert_eq!(chain(&[2]).check_link(&LinkHash::BEGINNING, &first), Err(MacError::UnknownKey));
        let nameless = ChainedRow { key: ChainKeyName("no name".to_owned()), ..first };
        assert_eq!(chain(&[1]).check_link(&LinkHash::BEGINNING, &nameless), Err(MacError::UnknownKey));
    }

    #[test]
    fn a_head_is_no_anchor() {
        let chain = chain(&[1]);
        let head = chain.sign(ChainHead::BEGINNING, AT);
        assert_eq!(chain.check_head(&head), Ok(()));
        let SignedHead { head, at, key, signature } = head;
        let forged = ChainAnchor { head, at, key, signature };
        assert_eq!(chain.check_anchor(&forged), Err(MacError::Different));
        assert_eq!(chain.check_anchor(&chain.anchor(head, at)), Ok(()));
    }
}
