//! Reading answers.

use std::collections::HashMap;

use bytes::Bytes;
use fred::types::Value;

/// The bytes of a string answer.
pub(super) fn bytes(value: &Value) -> Option<Bytes> {
    match value {
        Value::Bytes(bytes) => Some(bytes.clone()),
        Value::String(text) => Some(text.inner().clone()),
        _ => None,
    }
}

/// The text of a string answer.
pub(super) fn text(value: &Value) -> Option<String> {
    String::from_utf8(bytes(value)?.to_vec()).ok()
}

/// A whole number, also when it was sent as text.
pub(super) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(number) => Some(*number),
        other => text(other)?.parse().ok(),
    }
}

/// A whole number that cannot be negative.
pub(super) fn unsigned(value: &Value) -> Option<u64> {
    integer(value).and_then(|number| u64::try_from(number).ok())
}

/// The items of a list answer.
pub(super) fn list(value: Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(items) => Some(items),
        Value::Null => Some(Vec::new()),
        _ => None,
    }
}

/// Names and values of a map answer, which RESP2 sends as a list of pairs.
pub(super) fn fields(value: Value) -> Option<HashMap<String, Value>> {
    match value {
        Value::Map(map) => {
            let pair = |(name, value): (fred::types::Key, Value)| Some((name.into_string()?, value));
            map.inner().into_iter().map(pair).collect()
        }
        Value::Array(items) => {
            let mut fields = HashMap::new();
            let mut items = items.into_iter();
            while let (Some(name), Some(value)) = (items.next(), items.next()) {
                fields.insert(text(&name)?, value);
            }
            Some(fields)
        }
        _ => None,
    }
}

/// One field of an INFO text.
pub(super) fn info_field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// One numeric field of an INFO text; 0 when it is not there.
pub(super) fn info_number(info: &str, name: &str) -> u64 {
    info_field(info, name).and_then(|text| text.parse().ok()).unwrap_or(0)
}
