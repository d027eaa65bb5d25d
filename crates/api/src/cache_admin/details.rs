//! One key as JSON, for answers and for the command line.

use std::borrow::Cow;

use cache::{CacheError, KeyDetails, KeySummary, Keyspace};
use serde::Serialize;

use crate::key_name::KeyName;
use crate::ttl::{ttl_milliseconds, ttl_seconds};
use crate::value_preview::{counter, value_preview};

/// A key, whether it exists or not.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyReport {
    #[serde(flatten)]
    name: KeyName,
    exists: bool,
    #[serde(flatten)]
    summary: SummaryBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<String>,
    /// The value; only of keys whose values are harmless to show, and only a counter.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// The value is withheld: it may hold credentials.
    redacted: bool,
}

/// Type, time to live and size, as `TYPE`, `TTL` and `PTTL` answer them for keys that exist and for others.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SummaryBody {
    #[serde(rename = "type")]
    kind: String,
    /// Seconds, rounded up; -1 never ends, -2 there is no such key.
    ttl: i64,
    /// Milliseconds, with the same two exceptions.
    ttl_ms: i64,
    /// Bytes in memory.
    size: u64,
}

/// A key with what a list shows of it.
#[derive(Debug, Serialize)]
pub struct KeyItem {
    #[serde(flatten)]
    name: KeyName,
    #[serde(flatten)]
    summary: SummaryBody,
}

impl KeyItem {
    /// The key as a list shows it.
    pub fn of(key: &[u8], summary: &KeySummary) -> Self {
        Self { name: KeyName::of(key), summary: SummaryBody::of(summary) }
    }

    /// The name alone; one that is cut ends in `…`.
    pub(super) fn label(&self) -> Cow<'_, str> {
        self.name.label()
    }
}

impl KeyReport {
    /// Asks the cache. The value of a key that may hold credentials is not even read.
    pub async fn read(keyspace: &Keyspace, key: &[u8]) -> Result<Self, CacheError> {
        let preview = value_preview(key);
        let found = keyspace.inspect(key, preview).await?;
        Ok(Self::of(key, found, preview > 0))
    }

    fn of(key: &[u8], found: Option<KeyDetails>, harmless: bool) -> Self {
        let name = KeyName::of(key);
        let Some(found) = found else {
            let summary = SummaryBody { kind: "none".to_owned(), ttl: -2, ttl_ms: -2, size: 0 };
            return Self { name, exists: false, summary, encoding: None, value: None, redacted: false };
        };
        let value = found.preview.filter(|_| harmless).as_ref().and_then(counter).map(str::to_owned);
        let redacted = value.is_none();
        Self {
            name,
            exists: true,
            summary: SummaryBody::of(&found.summary),
            encoding: Some(found.encoding),
            value,
            redacted,
        }
    }
}

impl SummaryBody {
    fn of(summary: &KeySummary) -> Self {
        Self {
            kind: summary.kind.name().to_owned(),
            ttl: ttl_seconds(summary.ttl),
            ttl_ms: ttl_milliseconds(summary.ttl),
            size: summary.memory_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cache::{Preview, ValueKind};
    use std::time::Duration;

    use cache::KeyTtl;

    fn found(bytes: &'static [u8], length: u64) -> Option<KeyDetails> {
        Some(KeyDetails {
            summary: KeySummary {
                kind: ValueKind::String,
                ttl: KeyTtl::Remaining(Duration::from_millis(1_001)),
                memory_bytes: 60,
            },
            encoding: "raw".to_owned(),
            preview: Some(Preview { bytes: bytes.into(), length }),
        })
    }

    #[test]
    fn a_value_is_shown_only_where_it_is_harmless() {
        let json = |harmless| serde_json::to_value(KeyReport::of(b"k", found(b"4711", 4), harmless)).unwrap();
        assert_eq!(json(true)["value"], "4711");
        assert_eq!(json(true)["redacted"], false);
        let redacted = json(false);
        assert!(!redacted.to_string().contains("4711"));
        assert_eq!(redacted["redacted"], true);
        assert_eq!((&redacted["ttl"], &redacted["ttlMs"]), (&2.into(), &1_001.into()));
        assert_eq!((&redacted["type"], &redacted["size"]), (&"string".into(), &60.into()));
    }

    #[test]
    fn a_value_that_is_no_counter_is_withheld_under_any_key() {
        let json = serde_json::to_value(KeyReport::of(b"k", found(b"secret", 6), true)).unwrap();
        assert_eq!(json["redacted"], true);
        assert!(json.get("value").is_none());
    }

    #[test]
    fn a_key_that_is_not_there_says_so() {
        let json = serde_json::to_value(KeyReport::of(b"k", None, true)).unwrap();
        assert_eq!(
            (&json["exists"], &json["type"], &json["ttl"]),
            (&false.into(), &"none".into(), &(-2).into())
        );
    }
}
