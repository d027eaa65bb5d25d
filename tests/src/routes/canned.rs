//! `PUT /test/canned/{name}` keeps an answer, as it was read from the connection, and `GET /test/canned/{name}/connections` gives it: what an answer costs whose
//! handler has nothing to do.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::TestState;

/// Answers by name. Clones are one.
#[derive(Clone, Default)]
pub(crate) struct CannedAnswers(Arc<RwLock<HashMap<String, Answer>>>);

#[derive(Clone)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// What handlers say; all else the layers and the server add.
const HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::ETAG, header::CACHE_CONTROL];

/// An answer as it was read from the connection.
fn parse(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        let name: HeaderName = name.parse().ok()?;
        if HEADERS.contains(&name) {
            headers.insert(name, HeaderValue::from_str(value).ok()?);
        }
    }
    Some(Answer { status, headers, body: Bytes::copy_from_slice(body.as_bytes()) })
}

pub(super) async fn put(
    State(state): State<TestState>,
    Path(name): Path<String>,
    text: String,
) -> StatusCode {
    let Some(answer) = parse(&text) else { return StatusCode::UNPROCESSABLE_ENTITY };
    state.canned.0.write().unwrap_or_else(PoisonError::into_inner).insert(name, answer);
    StatusCode::NO_CONTENT
}

pub(super) async fn get(State(state): State<TestState>, Path(name): Path<String>) -> Response {
    let answer = state.canned.0.read().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
    let Some(Answer { status, headers, body }) = answer else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_as_it_was_sent() {
        let text =
            "HTTP/1.1 403 Forbidden\r\ncontent-type: application/json\r\nx-request-id: 7\r\n\r\n{\"a\":1}";
        let answer = parse(text).unwrap();
        assert_eq!((answer.status, answer.body), (StatusCode::FORBIDDEN, Bytes::from_static(b"{\"a\":1}")));
        assert_eq!(answer.headers.len(), 1);
        assert!(parse("nothing").is_none());
    }
}
