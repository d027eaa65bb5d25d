//! Going through the chain and finding what was done to it.

use std::collections::BTreeMap;
use std::fmt;

use domain::{
    AuditIndex, AuditLog, AuditPosition, ChainHead, ChainKeyName, ChainedRow, LinkHash, StoreUnavailable,
};
use seal::MacError;
use serde_json::Value;

use super::chain::AuditChain;
use super::signed_head::GivenHead;

/// Rows that are read together.
const PAGE: usize = 200;
/// Findings that are told; of more the number.
const MOST: usize = 1_000;

/// One thing that is not as it was chained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Rows are gone.
    Missing {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
    },
    /// A row does not say what it said, or its link was changed.
    Altered {
        /// Which.
        sequence: u64,
    },
    /// Links do not fit the rows: rows or links were changed, or put in another order.
    WrongLinks {
        /// The first that does not fit.
        from: u64,
        /// The last.
        to: u64,
    },
    /// What a row is found by is not what it says: it would be overlooked.
    Misfiled {
        /// Which.
        sequence: u64,
    },
    /// Whether these rows are as they were nobody can say: the key that linked them is not in the ring.
    UnknownKey {
        /// Its name.
        key: ChainKeyName,
        /// The first row.
        from: u64,
        /// The last.
        to: u64,
    },
    /// The beginning was not signed here.
    ForgedAnchor {
        /// Behind which row the chain is said to begin.
        sequence: u64,
    },
    /// Whether the beginning was signed here nobody can say.
    AnchorOfUnknownKey {
        /// The key's name.
        key: ChainKeyName,
    },
    /// The chain ends before a head that was told.
    Truncated {
        /// Where it ends.
        last: u64,
        /// Where it ended.
        head: u64,
    },
    /// The row of a head that was told has another link now: from it on, or before, the chain was made anew.
    OtherHistory {
        /// The number of the head.
        head: u64,
    },
    /// The head that was given was not signed here.
    ForgedHead {
        /// Its number.
        head: u64,
    },
}

/// What came of going through the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many rows there are.
    pub rows: u64,
    /// Behind which row they begin; 0 where none was ever removed.
    pub behind: u64,
    /// Where they end.
    pub head: ChainHead,
    /// How many wait for their place: nothing shows what is done to them until they have one.
    pub waiting: u64,
    /// What is wrong, in the order of the rows, as far as it is told.
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub more: usize,
    /// Heads that are older than the oldest row, and so cannot be compared.
    pub too_old: Vec<u64>,
}

impl Verified {
    /// Whether all is as it was chained.
    pub fn is_intact(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Goes through the whole chain. What was cut off at its end shows only where it is compared with heads that were kept elsewhere.
pub async fn verify(
    log: &dyn AuditLog,
    chain: &AuditChain,
    heads: &[GivenHead],
) -> Result<Verified, StoreUnavailable> {
    let mut walk = Walk::new(chain, heads);
    if let Some(anchor) = log.chain_anchor().await? {
        match chain.check_anchor(&anchor) {
            Ok(()) => {}
            Err(MacError::Different) => {
                walk.find(Finding::ForgedAnchor { sequence: anchor.head.sequence });
            }
            Err(MacError::UnknownKey) => walk.find(Finding::AnchorOfUnknownKey { key: anchor.key }),
        }
        walk.begin(anchor.head);
    }
    loop {
        let rows = log.chained_after(walk.head.sequence, PAGE).await?;
        rows.iter().for_each(|row| walk.row(row));
        if rows.len() < PAGE {
            break;
        }
    }
    let waiting = log.unchained_count().await?;
    Ok(walk.end(waiting))
}

/// A walk along the chain.
struct Walk<'a> {
    chain: &'a AuditChain,
    /// By number; there may be several of one.
    heads: BTreeMap<u64, Vec<LinkHash>>,
    behind: u64,
    head: ChainHead,
    rows: u64,
    /// The row before is not there, so that the next one's link cannot be checked.
    is_torn: bool,
    /// Rows whose links do not fit, one behind the other.
    misfits: Option<(u64, u64)>,
    /// Rows of a key that is not known, one behind the other.
    unknown: Option<(ChainKeyName, u64, u64)>,
    findings: Vec<Finding>,
    more: usize,
    too_old: Vec<u64>,
}

impl<'a> Walk<'a> {
    fn new(chain: &'a AuditChain, given: &[GivenHead]) -> Self {
        let mut walk = Self {
            chain,
            heads: BTreeMap::new(),
            behind: 0,
            head: ChainHead::BEGINNING,
            rows: 0,
            is_torn: false,
            misfits: None,
            unknown: None,
            findings: Vec::new(),
            more: 0,
            too_old: Vec::new(),
        };
        for GivenHead { head, signed } in given {
            // With a key that is not known a signature says no more than none.
            let checked = signed.as_ref().map(|signed| chain.check_head(signed));
            if checked == Some(Err(MacError::Different)) {
                walk.find(Finding::ForgedHead { head: head.sequence });
            } else {
                walk.heads.entry(head.sequence).or_default().push(head.link);
            }
        }
        walk
    }

    fn find(&mut self, finding: Finding) {
        if self.findings.len() < MOST { self.findings.push(finding) } else { self.more += 1 }
    }

    /// The chain begins behind a row that was removed.
    fn begin(&mut self, head: ChainHead) {
        self.behind = head.sequence;
        self.head = head;
        let later = self.heads.split_off(&head.sequence);
        self.too_old = std::mem::replace(&mut self.heads, later).into_keys().collect();
        self.compare(head);
    }

    fn row(&mut self, row: &ChainedRow) {
        let expected = self.head.sequence + 1;
        if row.sequence > expected {
            self.settle();
            self.find(Finding::Missing { from: expected, to: row.sequence - 1 });
            self.is_torn = true;
        }
        match self.chain.check_link(&self.head.link, row) {
            Err(MacError::UnknownKey) => self.is_of_unknown_key(row),
            Err(MacError::Different) if !self.is_torn => self.does_not_fit(row.sequence),
            Err(MacError::Different) | Ok(()) => self.settle(),
        }
        self.is_torn = false;
        let index = AuditIndex::of_document(&row.document);
        let is_in_place = row.place == AuditPosition::of(index.at, row.sequence).as_str();
        if row.index != index || !is_in_place || !is_under_its_id(row) {
            self.find(Finding::Misfiled { sequence: row.sequence });
        }
        self.rows += 1;
        self.head = ChainHead::from(row);
        self.compare(self.head);
    }

    fn does_not_fit(&mut self, sequence: u64) {
        self.tell_unknown();
        match &mut self.misfits {
            Some((_from, to)) => *to = sequence,
            None => self.misfits = Some((sequence, sequence)),
        }
    }

    fn is_of_unknown_key(&mut self, row: &ChainedRow) {
        self.tell_misfits();
        match &mut self.unknown {
            Some((key, _from, to)) if *key == row.key => *to = row.sequence,
            _ => {
                self.tell_unknown();
                self.unknown = Some((row.key.clone(), row.sequence, row.sequence));
            }
        }
    }

    /// What was told of one row after the other is over.
    fn settle(&mut self) {
        self.tell_misfits();
        self.tell_unknown();
    }

    /// One row that does not fit, before one that fits the link of it: the link is as it was, and so the row is not. Of several it
    /// cannot be said.
    fn tell_misfits(&mut self) {
        match self.misfits.take() {
            Some((from, to)) if from == to => self.find(Finding::Altered { sequence: from }),
            Some((from, to)) => self.find(Finding::WrongLinks { from, to }),
            None => {}
        }
    }

    fn tell_unknown(&mut self) {
        if let Some((key, from, to)) = self.unknown.take() {
            self.find(Finding::UnknownKey { key, from, to });
        }
    }

    fn compare(&mut self, head: ChainHead) {
        let Some(links) = self.heads.remove(&head.sequence) else { return };
        if links.iter().any(|link| *link != head.link) {
            self.find(Finding::OtherHistory { head: head.sequence });
        }
    }

    fn end(mut self, waiting: u64) -> Verified {
        self.settle();
        let last = self.head.sequence;
        // Those within are of rows that are missing, and told.
        if let Some(head) = self.heads.keys().next_back().copied().filter(|head| *head > last) {
            self.find(Finding::Truncated { last, head });
        }
        Verified {
            rows: self.rows,
            behind: self.behind,
            head: self.head,
            waiting,
            findings: self.findings,
            more: self.more,
            too_old: self.too_old,
        }
    }
}

/// Whether a row is kept under the id that it says it has. One that is garbled was so before it was chained.
fn is_under_its_id(row: &ChainedRow) -> bool {
    let document: Value = serde_json::from_str(&row.document).unwrap_or_default();
    document["id"].as_str().is_none_or(|id| id == row.id)
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { from, to } if from == to => write!(formatter, "missing: row {from}"),
            Self::Missing { from, to } => write!(formatter, "missing: rows {from} to {to}"),
            Self::Altered { sequence } => write!(formatter, "altered: row {sequence}, or its link"),
            Self::WrongLinks { from, to } => write!(
                formatter,
                "wrong links: rows {from} to {to} do not fit together: altered, or in another order"
            ),
            Self::Misfiled { sequence } => {
                write!(formatter, "misfiled: row {sequence} is found by other values than it holds")
            }
            Self::UnknownKey { key, from, to } => write!(
                formatter,
                "unknown key: rows {from} to {to} were linked with the key {key}, which is not in SECRETS_ENCRYPTION_KEY"
            ),
            Self::ForgedAnchor { sequence } => {
                write!(formatter, "forged: the beginning of the chain, behind row {sequence}")
            }
            Self::AnchorOfUnknownKey { key } => write!(
                formatter,
                "unknown key: the beginning of the chain was signed with the key {key}, which is not in \
                 SECRETS_ENCRYPTION_KEY"
            ),
            Self::Truncated { last, head } => {
                write!(formatter, "truncated: the chain ends at row {last}, and had row {head}")
            }
            Self::OtherHistory { head } => {
                write!(formatter, "other history: row {head} has another link than the head that was given")
            }
            Self::ForgedHead { head } => {
                write!(
                    formatter,
                    "forged: the head {head} that was given was not signed with a key of the ring"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;

    use super::super::testing::{chain, row};
    use super::*;

    const AT: Timestamp = Timestamp::ZERO;

    /// A chain of so many rows.
    fn rows(count: u64, keys: &[u8]) -> Vec<ChainedRow> {
        let mut rows: Vec<ChainedRow> = Vec::new();
        for number in 1..=count {
            let head = rows.last().map_or(ChainHead::BEGINNING, ChainHead::from);
            rows.push(chain(keys).link(&head, row(&format!("row {number}")), AT));
        }
        rows
    }

    fn walked(rows: &[ChainedRow], heads: &[GivenHead]) -> Vec<Finding> {
        let chain = chain(&[1]);
        let mut walk = Walk::new(&chain, heads);
        rows.iter().for_each(|row| walk.row(row));
        walk.end(0).findings
    }

    #[test]
    fn an_intact_chain_has_no_findings() {
        let rows = rows(5, &[1]);
        let head = ChainHead::from(&rows[4]);
        let signed = chain(&[1]).sign(head, AT);
        assert_eq!(walked(&rows, &[GivenHead { head, signed: Some(signed) }]), []);
        assert_eq!(walked(&[], &[]), []);
    }

    #[test]
    fn what_was_done_to_rows_is_found() {
        let whole = rows(6, &[1]);
        let removed: Vec<_> = whole.iter().filter(|row| row.sequence != 3).cloned().collect();
        assert_eq!(walked(&removed, &[]), [Finding::Missing { from: 3, to: 3 }]);
        assert_eq!(walked(&whole[2..], &[]), [Finding::Missing { from: 1, to: 2 }], "no anchor says so");

        let mut altered = whole.clone();
        altered[2].document = altered[2].document.replace("ana", "eve");
        altered[2].index = AuditIndex::of_document(&altered[2].document);
        assert_eq!(walked(&altered, &[]), [Finding::Altered { sequence: 3 }]);

        let mut relinked = whole.clone();
        relinked[2].link = LinkHash::from_bytes([9; 32]);
        assert_eq!(walked(&relinked, &[]), [Finding::WrongLinks { from: 3, to: 4 }]);

        let mut reordered = whole.clone();
        reordered.swap(2, 3);
        for (row, sequence) in reordered[2..4].iter_mut().zip(3..) {
            row.sequence = sequence;
            row.place = AuditPosition::of(row.index.at, sequence).as_str().to_owned();
        }
        assert_eq!(walked(&reordered, &[]), [Finding::WrongLinks { from: 3, to: 5 }]);

        let mut misfiled = whole.clone();
        misfiled[2].index.actor = "nobody".to_owned();
        misfiled[3].place = "00000000000000000000/00000000000000000004".to_owned();
        misfiled[4].id = "another".to_owned();
        let found = [3, 4, 5].map(|sequence| Finding::Misfiled { sequence });
        assert_eq!(walked(&misfiled, &[]), found);

        // Somebody without the key goes on where the chain was cut.
        let mut forged = whole[..3].to_vec();
        forged.extend(rows(4, &[7]).into_iter().skip(3));
        forged[3].key = whole[3].key.clone();
        assert_eq!(walked(&forged, &[]), [Finding::Altered { sequence: 4 }]);
    }

    #[test]
    fn what_was_cut_off_shows_against_a_head() {
        let whole = rows(6, &[1]);
        let head = ChainHead::from(&whole[5]);
        let given = [GivenHead { head, signed: None }];
        assert_eq!(walked(&whole[..4], &[]), []);
        assert_eq!(walked(&whole[..4], &given), [Finding::Truncated { last: 4, head: 6 }]);
        // Cut off, and gone on with by the service.
        let mut other = whole[..4].to_vec();
        for text in ["new 5", "new 6"] {
            let head = ChainHead::from(other.last().unwrap());
            other.push(chain(&[1]).link(&head, row(text), AT));
        }
        assert_eq!(walked(&other, &given), [Finding::OtherHistory { head: 6 }]);
        let mut signed = chain(&[1]).sign(head, AT);
        signed.head.sequence = 5;
        let forged = [GivenHead { head: signed.head, signed: Some(signed) }];
        assert_eq!(walked(&whole, &forged), [Finding::ForgedHead { head: 5 }]);
    }

    #[test]
    fn a_key_that_left_the_ring_is_told_as_such() {
        let mut rows = rows(3, &[7]);
        for number in 4..=5 {
            let head = ChainHead::from(rows.last().unwrap());
            rows.push(chain(&[1]).link(&head, row(&format!("row {number}")), AT));
        }
        let findings = walked(&rows, &[]);
        assert_eq!(findings, [Finding::UnknownKey { key: rows[0].key.clone(), from: 1, to: 3 }]);
        assert!(findings[0].to_string().starts_with("unknown key: rows 1 to 3 "), "{}", findings[0]);
    }
}
