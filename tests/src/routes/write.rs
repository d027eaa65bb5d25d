//! `POST /test/write`, also with `PUT`, `PATCH` and `DELETE`.
//!
//! The query says what the answer is: `status`, `size` (bytes of padding), `stream` (a body of unknown length) and how long
//! it takes, `delay_ms`. It is part of what a repeat must repeat; the header [`CRASH_HEADER`] is not, so that a repeat may
//! find the process, or another one, in health.

use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use middleware::{AlreadyCommitted, KeyedWrite};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::TestState;
use crate::sqlite_ledger::{CommitError, SqliteLedger};

/// `before` or `after`: where the process ends.
pub const CRASH_HEADER: HeaderName = HeaderName::from_static("x-test-crash");

/// Where the process ends, as after `kill -9`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// Before the commit.
    Before,
    /// After the commit and before the answer.
    After,
}

impl Crash {
    /// The value of the header.
    pub fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }

    fn is_wished(self, headers: &HeaderMap) -> bool {
        headers.get(CRASH_HEADER).is_some_and(|value| value == self.name())
    }
}

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

pub(super) async fn handler(
    State(state): State<TestState>,
    Query(options): Query<Options>,
    keyed: Option<Extension<KeyedWrite>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let execution = state.executions.start();
    if options.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(options.delay_ms)).await;
    }
    if Crash::Before.is_wished(&headers) {
        std::process::abort();
    }
    let answer = answer(&options, execution, &body);
    if answer.status().is_success()
        && let Some(ledger) = state.ledger
        && let Err(refused) = commit(ledger, keyed, &answer).await
    {
        return refused;
    }
    state.executions.finish();
    if Crash::After.is_wished(&headers) {
        std::process::abort();
    }
    if options.stream {
        return answer.map(|bytes| {
            Body::from_stream(futures::stream::iter([Ok::<_, std::convert::Infallible>(bytes)]))
        });
    }
    answer.map(Body::from)
}

#[derive(Serialize)]
struct Answer {
    execution: u64,
    /// The body, if it is JSON.
    echo: Value,
    #[serde(skip_serializing_if = "String::is_empty")]
    padding: String,
}

fn answer(options: &Options, execution: u64, body: &Bytes) -> http::Response<Bytes> {
    let echo = serde_json::from_slice(body).unwrap_or(Value::Null);
    let text = serde_json::to_vec(&Answer { execution, echo, padding: "x".repeat(options.size) });
    let mut answer = http::Response::new(Bytes::from(text.unwrap_or_default()));
    *answer.status_mut() =
        options.status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::OK);
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// The write and, if it has a key, its row in the ledger in one transaction.
async fn commit(
    ledger: SqliteLedger,
    keyed: Option<Extension<KeyedWrite>>,
    answer: &http::Response<Bytes>,
) -> Result<(), Response> {
    let failed = || StatusCode::INTERNAL_SERVER_ERROR.into_response();
    let row = keyed.map(|Extension(write)| write.row(answer)).transpose().map_err(|_unsealed| failed())?;
    match tokio::task::spawn_blocking(move || ledger.commit(row)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(CommitError::AlreadyCommitted)) => {
            let mut response = StatusCode::CONFLICT.into_response();
            response.extensions_mut().insert(AlreadyCommitted);
            Err(response)
        }
        Ok(Err(CommitError::Unavailable(_))) | Err(_) => Err(failed()),
    }
}
