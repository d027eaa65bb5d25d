//! What a row of the audit log is found by.

use serde_json::Value;

use crate::timestamp::Timestamp;

/// Longer texts are cut: servers bound what they index.
const LONGEST: usize = 256;

/// What a row is found by, beside its text. It is made of the text, also of one that only another version can read, so that
/// whoever checks the row can make it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditIndex {
    /// When it happened; 1970 where the text does not say.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// The first two parts of the target, such as `tenants/{id}`.
    pub subject: String,
    /// To what.
    pub target: String,
    /// The request that asked for it.
    pub request_id: Option<String>,
    /// Where the tenant belongs that it is about.
    pub environment: Option<String>,
}

impl AuditIndex {
    /// Of the text of a row.
    pub fn of_document(document: &str) -> Self {
        let row: Value = serde_json::from_str(document).unwrap_or_default();
        let text = |name: &str| row[name].as_str().map(cut);
        let target = text("target").unwrap_or_default();
        Self {
            at: Timestamp::from_millis(row["at"].as_i64().unwrap_or_default()),
            actor: text("actor").unwrap_or_default(),
            action: text("action").unwrap_or_default(),
            subject: subject(&target).to_owned(),
            target,
            request_id: text("requestId"),
            environment: text("environment"),
        }
    }
}

/// The first two parts of a target; all of it where it has fewer.
pub(crate) fn subject(target: &str) -> &str {
    target.match_indices('/').nth(1).map_or(target, |(end, _)| &target[..end])
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_has_one() {
        let row = r#"{"id":"x","at":1000,"actor":"ana","requestId":"r","action":"teleport",
            "target":"tenants/a/associations/ledger","environment":"staging","after":{"actor":"bob"}}"#;
        let expected = AuditIndex {
            at: Timestamp::from_millis(1_000),
            actor: "ana".to_owned(),
            action: "teleport".to_owned(),
            subject: "tenants/a".to_owned(),
            target: "tenants/a/associations/ledger".to_owned(),
            request_id: Some("r".to_owned()),
            environment: Some("staging".to_owned()),
        };
        assert_eq!(AuditIndex::of_document(row), expected);
        for garbled in ["", "null", "[1]", "{", r#"{"actor":{}}"#] {
            let index = AuditIndex::of_document(garbled);
            assert_eq!((index.at, index.actor.as_str(), index.request_id), (Timestamp::ZERO, "", None));
        }
        let long = format!(r#"{{"actor":"{}"}}"#, "é".repeat(1_000));
        assert_eq!(AuditIndex::of_document(&long).actor.chars().count(), LONGEST);
    }

    #[test]
    fn a_subject_is_two_parts_of_a_target() {
        for (target, expected) in [("a/b/c/d", "a/b"), ("a/b", "a/b"), ("a", "a"), ("", ""), ("a/b/", "a/b")]
        {
            assert_eq!(subject(target), expected, "{target}");
        }
    }
}
