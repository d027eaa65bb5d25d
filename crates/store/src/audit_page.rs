//! Which rows of the audit log make up a page, in both stores: a walk along one index looks at so many rows at most, and picks
//! those that are asked for.

use domain::{
    AuditEntry, AuditFilter, AuditIndex, AuditLead, AuditPosition, AuditQuery, AuditRow, Timestamp,
};

/// Rows that are looked at for one page.
const LOOK: usize = 2_000;
/// A page ends with the row that makes it longer than this: rows are a few hundred bytes as a rule, and a hundred thousand now and
/// then.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// A row that was looked at.
pub(crate) struct Candidate {
    pub(crate) sequence: u64,
    pub(crate) index: AuditIndex,
}

/// The rows of a page, newest first, and behind which row the next begins.
pub(crate) struct Picked {
    pub(crate) rows: Vec<(u64, AuditPosition)>,
    next: Option<AuditPosition>,
}

/// A page whose rows are being read.
pub(crate) struct Filling {
    rows: Vec<AuditRow>,
    next: Option<AuditPosition>,
    bytes: usize,
}

impl Candidate {
    fn position(&self) -> AuditPosition {
        AuditPosition::of(self.index.at, self.sequence)
    }
}

/// How many rows are looked at.
pub(crate) fn look(query: &AuditQuery) -> usize {
    if is_led_alone(&query.filter) { query.limit.saturating_add(1).min(LOOK) } else { LOOK }
}

/// Between which places the walk goes: from the first, and to before the second.
pub(crate) fn bounds(query: &AuditQuery) -> (String, String) {
    let place = |at: Timestamp| AuditPosition::at(at).as_str().to_owned();
    let from = query.filter.from.map(place).unwrap_or_default();
    let until = query.filter.until.map(place);
    let behind = query.behind.as_ref().map(|position| position.as_str().to_owned());
    // Digits are below it.
    let until = until.into_iter().chain(behind).min().unwrap_or_else(|| ":".to_owned());
    (from, until)
}

/// Whether every row that the walk meets is one of those.
fn is_led_alone(filter: &AuditFilter) -> bool {
    let rest = AuditFilter { from: None, until: None, ..filter.clone() };
    let rest = match filter.lead() {
        AuditLead::RequestId(_) => AuditFilter { request_id: None, ..rest },
        AuditLead::Subject(subject) if rest.target.as_deref() == Some(subject) => {
            AuditFilter { target: None, ..rest }
        }
        AuditLead::Subject(_) | AuditLead::Everything => rest,
        AuditLead::Actor(_) => AuditFilter { actor: None, ..rest },
        AuditLead::Action(_) => AuditFilter { action: None, ..rest },
        AuditLead::Environment(_) => AuditFilter { environment: None, ..rest },
    };
    rest == AuditFilter::default()
}

/// Picks from what a walk met, in its order.
pub(crate) fn pick(candidates: &[Candidate], query: &AuditQuery) -> Picked {
    let is_all = candidates.len() < look(query);
    let mut matching = candidates.iter().filter(|candidate| query.filter.matches(&candidate.index));
    let rows: Vec<_> =
        matching.by_ref().take(query.limit).map(|row| (row.sequence, row.position())).collect();
    let next = if matching.next().is_some() {
        rows.last().map(|(_, position)| position.clone())
    } else {
        candidates.last().filter(|_| !is_all).map(Candidate::position)
    };
    Picked { rows, next }
}

impl Picked {
    pub(crate) fn filling(&self) -> Filling {
        Filling { rows: Vec::with_capacity(self.rows.len()), next: self.next.clone(), bytes: 0 }
    }
}

impl Filling {
    /// Adds a row; `false` when it is the last that has room.
    pub(crate) fn add(&mut self, (sequence, position): &(u64, AuditPosition), document: &str) -> bool {
        match serde_json::from_str::<AuditEntry>(document) {
            Ok(entry) => self.rows.push(AuditRow { sequence: *sequence, entry }),
            Err(error) => {
                tracing::error!(sequence, %error, "a row of the audit log cannot be read and is passed over");
            }
        }
        self.bytes = self.bytes.saturating_add(document.len());
        let has_room = self.bytes <= PAGE_BYTES;
        if !has_room {
            self.next = Some(position.clone());
        }
        has_room
    }

    pub(crate) fn page(self) -> domain::AuditPage {
        domain::AuditPage { rows: self.rows, next: self.next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(count: u64) -> Vec<Candidate> {
        let row = |sequence: u64| {
            let actor = if sequence.is_multiple_of(2) { "ana" } else { "bob" };
            let text =
                format!(r#"{{"at":{sequence},"actor":"{actor}","action":"update","target":"tenants/a"}}"#);
            Candidate { sequence, index: AuditIndex::of_document(&text) }
        };
        (1..=count).rev().map(row).collect()
    }

    fn of_ana(limit: usize) -> AuditQuery {
        let filter = AuditFilter {
            actor: Some("ana".to_owned()),
            target: Some("tenants/a".to_owned()),
            ..AuditFilter::default()
        };
        AuditQuery { filter, behind: None, limit }
    }

    fn sequences(picked: &Picked) -> Vec<u64> {
        picked.rows.iter().map(|(sequence, _)| *sequence).collect()
    }

    #[test]
    fn a_page_ends_where_it_is_full_or_where_the_look_ends() {
        let picked = pick(&candidates(9), &of_ana(3));
        assert_eq!((sequences(&picked), picked.next), (vec![8, 6, 4], Some(position(4))));
        let picked = pick(&candidates(9), &of_ana(4));
        assert_eq!((sequences(&picked), picked.next), (vec![8, 6, 4, 2], None));
        let looked_at = candidates(u64::try_from(LOOK).unwrap());
        let nobody = AuditQuery {
            filter: AuditFilter { actor: Some("eve".to_owned()), ..of_ana(4).filter },
            ..of_ana(4)
        };
        let picked = pick(&looked_at, &nobody);
        assert_eq!((sequences(&picked), picked.next), (vec![], Some(position(1))), "there may be more");
    }

    fn position(number: u64) -> AuditPosition {
        AuditPosition::of(Timestamp::from_millis(i64::try_from(number).unwrap()), number)
    }

    #[test]
    fn where_the_index_says_all_no_more_is_looked_at_than_is_shown() {
        assert_eq!(look(&of_ana(3)), LOOK);
        for filter in [
            AuditFilter::default(),
            AuditFilter {
                actor: Some("ana".to_owned()),
                until: Some(Timestamp::ZERO),
                ..AuditFilter::default()
            },
            AuditFilter { target: Some("tenants/a".to_owned()), ..AuditFilter::default() },
        ] {
            assert_eq!(look(&AuditQuery { filter, behind: None, limit: 3 }), 4);
        }
        let below = AuditFilter { target: Some("tenants/a/settings".to_owned()), ..AuditFilter::default() };
        assert_eq!(look(&AuditQuery { filter: below, behind: None, limit: 3 }), LOOK);
    }

    #[test]
    fn a_page_of_long_rows_is_short() {
        let picked = pick(&candidates(9), &of_ana(3));
        let mut filling = picked.filling();
        let long = format!("{{\"before\":\"{}\"}}", "x".repeat(PAGE_BYTES));
        assert!(!filling.add(&picked.rows[0], &long));
        assert_eq!(filling.page().next, Some(position(8)));
    }

    #[test]
    fn a_walk_has_bounds() {
        let query = |from: Option<i64>, until: Option<i64>, behind| AuditQuery {
            filter: AuditFilter {
                from: from.map(Timestamp::from_millis),
                until: until.map(Timestamp::from_millis),
                ..AuditFilter::default()
            },
            behind,
            limit: 1,
        };
        assert_eq!(bounds(&query(None, None, None)), (String::new(), ":".to_owned()));
        let (from, until) = bounds(&query(Some(3), Some(9), Some(position(5))));
        assert!(from.as_str() < position(3).as_str() && until == position(5).as_str());
        let (_, until) = bounds(&query(None, Some(4), Some(position(5))));
        assert!(until.as_str() < position(4).as_str() && until.as_str() > position(3).as_str());
    }
}
