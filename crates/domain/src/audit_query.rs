//! What is asked of the audit log, and what it answers.

use std::str::FromStr;

use crate::audit::AuditEntry;
use crate::audit_action::AuditAction;
use crate::audit_index::{AuditIndex, subject};
use crate::environment::Environment;
use crate::timestamp::Timestamp;

/// Which rows of the audit log; all where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this actor.
    pub actor: Option<String>,
    /// Of this kind.
    pub action: Option<AuditAction>,
    /// About this, or about something below it: whole parts of the target.
    pub target: Option<String>,
    /// Of this request.
    pub request_id: Option<String>,
    /// About a tenant of this environment.
    pub environment: Option<Environment>,
    /// From this time on.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

/// The one part of a filter that a store walks along; it looks at the others row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditLead<'a> {
    /// A request.
    RequestId(&'a str),
    /// The first two parts of a target.
    Subject(&'a str),
    /// An actor.
    Actor(&'a str),
    /// A kind of action.
    Action(AuditAction),
    /// An environment.
    Environment(Environment),
    /// Nothing narrows the walk but the times.
    Everything,
}

/// Where a row stands among all by the time it tells of: what is newer is greater, and texts compare as rows do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditPosition(String);

/// The text is no position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a position that was given before")]
pub struct AuditPositionError;

/// A page that is asked for, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditQuery {
    /// Which rows.
    pub filter: AuditFilter,
    /// Older than the one at this position.
    pub behind: Option<AuditPosition>,
    /// At most so many.
    pub limit: usize,
}

/// A row that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRow {
    /// Its number in the chain.
    pub sequence: u64,
    /// What it says.
    pub entry: AuditEntry,
}

/// A page, newest first. One with few rows, or none, need not be the last.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditPage {
    /// The rows.
    pub rows: Vec<AuditRow>,
    /// Behind which the next page begins; `None` on the last.
    pub next: Option<AuditPosition>,
}

impl AuditFilter {
    /// What narrows the walk most.
    pub fn lead(&self) -> AuditLead<'_> {
        let is_subject = |target: &&String| target.contains('/');
        if let Some(request_id) = &self.request_id {
            AuditLead::RequestId(request_id)
        } else if let Some(target) = self.target.as_ref().filter(is_subject) {
            AuditLead::Subject(subject(target))
        } else if let Some(actor) = &self.actor {
            AuditLead::Actor(actor)
        } else if let Some(action) = self.action {
            AuditLead::Action(action)
        } else if let Some(environment) = self.environment {
            AuditLead::Environment(environment)
        } else {
            AuditLead::Everything
        }
    }

    /// Whether a row that is found by this is one of them.
    pub fn matches(&self, index: &AuditIndex) -> bool {
        let is_at_or_below = |target: &String| {
            index
                .target
                .strip_prefix(target.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.actor.as_ref().is_none_or(|actor| *actor == index.actor)
            && self.action.is_none_or(|action| action.name() == index.action)
            && self.target.as_ref().is_none_or(is_at_or_below)
            && self.request_id.as_ref().is_none_or(|id| index.request_id.as_ref() == Some(id))
            && self.environment.is_none_or(|it| index.environment.as_deref() == Some(it.name()))
            && self.from.is_none_or(|from| from <= index.at)
            && self.until.is_none_or(|until| index.at < until)
    }
}

impl AuditPosition {
    /// Of the row with this number that tells of this time.
    pub fn of(at: Timestamp, sequence: u64) -> Self {
        Self(format!("{:020}/{sequence:020}", at.millis()))
    }

    /// Below every row of this time, and above all before.
    pub fn at(at: Timestamp) -> Self {
        Self::of(at, 0)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AuditPosition {
    type Err = AuditPositionError;

    fn from_str(text: &str) -> Result<Self, AuditPositionError> {
        let is_number = |part: &str| part.len() == 20 && part.bytes().all(|byte| byte.is_ascii_digit());
        let is_position = text.split_once('/').is_some_and(|(at, number)| is_number(at) && is_number(number));
        if is_position { Ok(Self(text.to_owned())) } else { Err(AuditPositionError) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn index(target: &str) -> AuditIndex {
        let row = format!(
            r#"{{"at":5,"actor":"ana","action":"update","target":"{target}","environment":"staging"}}"#
        );
        AuditIndex::of_document(&row)
    }

    #[test]
    fn a_filter_is_met_by_whole_parts_of_a_target() {
        let below = |target: &str| AuditFilter { target: Some(target.to_owned()), ..AuditFilter::default() };
        for target in ["tenants", "tenants/a", "tenants/a/settings", "tenants/a/settings/b"] {
            assert!(below(target).matches(&index("tenants/a/settings/b")), "{target}");
        }
        for target in ["ten", "tenants/", "tenants/a/set", "tenants/a/settings/b/c"] {
            assert!(!below(target).matches(&index("tenants/a/settings/b")), "{target}");
        }
    }

    #[test]
    fn every_part_of_a_filter_counts() {
        let all = AuditFilter {
            actor: Some("ana".to_owned()),
            action: Some(AuditAction::Update),
            environment: Some(Environment::Staging),
            from: Some(Timestamp::from_millis(5)),
            until: Some(Timestamp::from_millis(6)),
            ..AuditFilter::default()
        };
        assert!(all.matches(&index("tenants/a")));
        for other in [
            AuditFilter { actor: Some("bob".to_owned()), ..all.clone() },
            AuditFilter { action: Some(AuditAction::Delete), ..all.clone() },
            AuditFilter { environment: Some(Environment::Production), ..all.clone() },
            AuditFilter { from: Some(Timestamp::from_millis(6)), ..all.clone() },
            AuditFilter { until: Some(Timestamp::from_millis(5)), ..all.clone() },
            AuditFilter { request_id: Some("r".to_owned()), ..all },
        ] {
            assert!(!other.matches(&index("tenants/a")), "{other:?}");
        }
    }

    #[test]
    fn what_narrows_most_leads() {
        let filter = AuditFilter {
            actor: Some("ana".to_owned()),
            target: Some("tenants".to_owned()),
            environment: Some(Environment::Staging),
            ..AuditFilter::default()
        };
        assert_eq!(filter.lead(), AuditLead::Actor("ana"), "one part of a target is no subject");
        let filter = AuditFilter { target: Some("tenants/a/settings".to_owned()), ..filter };
        assert_eq!(filter.lead(), AuditLead::Subject("tenants/a"));
        let filter = AuditFilter { request_id: Some("r".to_owned()), ..filter };
        assert_eq!(filter.lead(), AuditLead::RequestId("r"));
        assert_eq!(AuditFilter::default().lead(), AuditLead::Everything);
    }

    #[test]
    fn positions_are_in_the_order_of_time() {
        let of = |at, sequence| AuditPosition::of(Timestamp::from_millis(at), sequence);
        let sorted =
            [of(9, 10), of(10, 1), of(10, 2), AuditPosition::at(Timestamp::from_millis(11)), of(11, 1)];
        assert!(sorted.is_sorted());
        assert_eq!(of(9, 10).as_str().parse(), Ok(of(9, 10)));
        for wrong in ["", "9/10", "00000000000000000009/1", "0000000000000000000a/00000000000000000001"] {
            assert_eq!(wrong.parse::<AuditPosition>(), Err(AuditPositionError), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_position_is_read_as_it_was_written(millis in 0..=i64::MAX, sequence: u64) {
            let position = AuditPosition::of(Timestamp::from_millis(millis), sequence);
            prop_assert_eq!(position.as_str().parse::<AuditPosition>(), Ok(position));
        }

        #[test]
        fn any_text_is_a_position_or_none(text in "[0-9/]{0,45}|.{0,60}") {
            if let Ok(position) = text.parse::<AuditPosition>() {
                prop_assert_eq!(position.as_str(), text);
            }
        }
    }
}
