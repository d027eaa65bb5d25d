//! The JSON body of a request as a type.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use domain::Caller;
use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::error::{ApiError, BodyProblem};
use crate::layers::BodyLimit;
use crate::parameters::is_json;

/// Of a path to a field that is quoted: longer than any that makes sense.
const LONGEST_PATH: usize = 256;
/// Of what is quoted of a body.
const LONGEST_FOUND: usize = 80;
/// For a whole body: who sends slower holds a place that others need.
const BODY_TIME: Duration = Duration::from_secs(10);

/// A body that must be there. What has another type than the route asks for is 400, with the path of the field; what the
/// values mean is checked by whoever takes them.
#[derive(Debug)]
pub(crate) struct JsonInput<T>(pub(crate) T);

/// A body that may be missing.
#[derive(Debug)]
pub(crate) struct OptionalInput<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonInput<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (headers, body) = read(request, state).await?;
        if body.trim_ascii().is_empty() {
            return Err(ApiError::Body(BodyProblem::Empty));
        }
        parse(&headers, &body).map(Self)
    }
}

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalInput<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (headers, body) = read(request, state).await?;
        // Some clients send a line end.
        if body.trim_ascii().is_empty() {
            return Ok(Self(T::default()));
        }
        parse(&headers, &body).map(Self)
    }
}

/// The body and the headers, within a bounded time.
pub(crate) async fn read<S: Send + Sync>(
    request: Request,
    state: &S,
) -> Result<(HeaderMap, Bytes), ApiError> {
    let headers = request.headers().clone();
    let limits = request.extensions().get::<BodyLimit>();
    let limit = limits.map_or(0, |limits| limits.bytes);
    let caller = request.extensions().get::<Caller>();
    let _share = match (limits, caller) {
        (Some(limits), Some(caller)) => {
            Some(limits.of_callers.take(caller.id(), 1).ok_or(ApiError::TooManyBodies)?)
        }
        _ => None,
    };
    let body = match timeout(BODY_TIME, Bytes::from_request(request, state)).await {
        Ok(Ok(body)) => body,
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return Err(ApiError::BodyTooLarge { limit });
        }
        Ok(Err(_broken)) => return Err(ApiError::Body(BodyProblem::Incomplete)),
        Err(_elapsed) => return Err(ApiError::BodySlow { after: BODY_TIME }),
    };
    Ok((headers, body))
}

fn parse<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, ApiError> {
    if !headers.get(header::CONTENT_TYPE).is_none_or(|media_type| is_json(media_type.as_bytes())) {
        return Err(ApiError::UnsupportedMediaType);
    }
    parse_text(body)
}

/// Reads JSON that did not come in a request.
pub(crate) fn parse_text<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    // A list would be taken for the fields of an object in their order.
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(ApiError::Body(BodyProblem::NotAnObject));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string().chars().take(LONGEST_PATH).collect();
        let inner = error.into_inner();
        if inner.is_data() {
            let expected = expectation(&inner.to_string());
            return ApiError::Body(BodyProblem::Field { path, expected });
        }
        ApiError::Body(BodyProblem::Malformed { line: inner.line(), column: inner.column() })
    })?;
    deserializer.end().map_err(|error| {
        ApiError::Body(BodyProblem::Malformed { line: error.line(), column: error.column() })
    })?;
    Ok(value)
}

/// What the reader says without what it read, which may be a secret: it quotes texts and numbers.
fn expectation(text: &str) -> String {
    let text = text.rfind(" at line ").map_or(text, |end| &text[..end]);
    match text.split_once(", expected ") {
        Some((found, expected)) if found.starts_with("unknown field") => {
            let found: String = found.chars().take(LONGEST_FOUND).collect();
            format!("{found}: must be {}", expected.trim_start_matches("one of ").replace(", ", " or "))
        }
        Some((_found, expected)) => format!("must be {}", in_words(expected)),
        None if text.starts_with("missing field") || text.starts_with("duplicate field") => text.to_owned(),
        None => "has another type".to_owned(),
    }
}

/// Types as people call them.
fn in_words(expected: &str) -> &str {
    match expected {
        "u16" | "u32" | "u64" | "usize" => "a whole number",
        structure if structure.starts_with("struct ") => "an object",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only their types matter")]
    struct Sample {
        name: String,
        port: u16,
        nested: Option<Vec<Sample>>,
    }

    fn problem(body: &str) -> String {
        parse::<Sample>(&HeaderMap::new(), body.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn the_field_at_fault_is_named_and_its_value_is_not() {
        assert_eq!(problem(r#"{"name":"a","port":"hunter2"}"#), "port: must be a whole number");
        assert_eq!(problem(r#"{"name":"a"}"#), "missing field `port`");
        let nested = r#"{"name":"a","port":1,"nested":[{"name":7,"port":1}]}"#;
        assert_eq!(problem(nested), "nested[0].name: must be a string");
        assert!(problem(r#"{"name":"a","port":70000}"#).starts_with("port: "));
        assert_eq!(problem("{\n  nope"), "the body is not JSON (line 2, column 3)");
        assert!(problem(r#"{"name":"a","port":1} x"#).contains("not JSON"));
        assert_eq!(problem("[\"a\",1,null]"), BodyProblem::NotAnObject.to_string());
    }
}
