//! `POST /test/write`, also with `PUT`, `PATCH` and `DELETE`.
//!
//! The query says what the answer is: `status`, `size` (bytes of padding), `stream` (a body of unknown length) and how long
//! it takes, `delay_ms`. It is part of what a repeat must repeat.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Json, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::TestState;

#[derive(Deserialize)]
pub(super) struct Options {
    #[serde(default)]
    delay_ms: u64,
    #[serde(default)]
    size: usize,
    status: Option<u16>,
    #[serde(default)]
    stream: bool,
}

#[derive(Serialize)]
struct Answer {
    execution: u64,
    /// The body, if it is JSON.
    echo: Value,
    #[serde(skip_serializing_if = "String::is_empty")]
    padding: String,
}

pub(super) async fn handler(
    State(state): State<TestState>,
    Query(options): Query<Options>,
    body: Bytes,
) -> Response {
    let execution = state.executions.start();
    if options.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(options.delay_ms)).await;
    }
    let status = options.status.and_then(|status| StatusCode::from_u16(status).ok());
    let echo = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let answer = Json(Answer { execution, echo, padding: "x".repeat(options.size) });
    let answer = (status.unwrap_or(StatusCode::OK), answer).into_response();
    state.executions.finish();
    if !options.stream {
        return answer;
    }
    let (head, body) = answer.into_parts();
    let chunks = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    Response::from_parts(head, Body::from_stream(futures::stream::iter([Ok::<_, Infallible>(chunks)])))
}
