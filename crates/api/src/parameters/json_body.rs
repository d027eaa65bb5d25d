//! The JSON body of a request, as pairs of names and values.

use std::collections::HashSet;
use std::fmt;

use http::{HeaderMap, header};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::fold;
use crate::error::{ApiError, BodyProblem};

/// How much of a field's name a message repeats, in characters.
const LONGEST_NAME: usize = 64;

/// The fields of a body with their names folded; each name is there once.
pub(super) fn parse_body(headers: &HeaderMap, body: &[u8]) -> Result<Vec<(String, Value)>, ApiError> {
    // A body of white space is none: some clients send a line end.
    if body.trim_ascii().is_empty() {
        return Ok(Vec::new());
    }
    if !headers.get(header::CONTENT_TYPE).is_none_or(|media_type| is_json(media_type.as_bytes())) {
        return Err(ApiError::UnsupportedMediaType);
    }
    let malformed = |error: serde_json::Error| {
        ApiError::Body(BodyProblem::Malformed { line: error.line(), column: error.column() })
    };
    if !body.trim_ascii_start().starts_with(b"{") {
        serde_json::from_slice::<IgnoredAny>(body).map_err(malformed)?;
        return Err(ApiError::Body(BodyProblem::NotAnObject));
    }
    let Fields(fields) = serde_json::from_slice(body).map_err(malformed)?;
    let mut names = HashSet::new();
    if let Some((name, _)) = fields.iter().find(|(name, _)| !names.insert(name)) {
        let name = name.chars().take(LONGEST_NAME).collect();
        return Err(ApiError::Body(BodyProblem::Repeated { name }));
    }
    Ok(fields)
}

/// Every field of an object in its order, also of the same name: a map would keep one of them and hide that the request
/// contradicts itself.
struct Fields(Vec<(String, Value)>);

struct FieldsVisitor;

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            fields.push((fold(&name), value));
        }
        Ok(Fields(fields))
    }
}

pub(crate) fn is_json(media_type: &[u8]) -> bool {
    let essence = media_type.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
    let essence = essence.to_ascii_lowercase();
    essence == b"application/json" || (essence.starts_with(b"application/") && essence.ends_with(b"+json"))
}
