//! Limits on what one request may bring, how long it may take, and how many there may be at once.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header;
use tokio::sync::Semaphore;

use crate::error::ApiError;
use crate::limits::Limits;

/// How many bytes of body the request may have, for the message of whoever reads it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyLimit(pub(crate) usize);

/// Refuses a request by its head, also one whose handler would not read the body. A body of unannounced length is bounded
/// where it is read; one that nobody reads takes no memory: the server looks at what has arrived when the answer is
/// written, and closes the connection if that is not all of it.
pub(crate) async fn bound_head(
    State(limits): State<Limits>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let uri_bytes = request.uri().path_and_query().map_or(0, |uri| uri.as_str().len());
    if uri_bytes > limits.max_uri_bytes {
        return Err(ApiError::UriTooLong { limit: limits.max_uri_bytes });
    }
    let headers = request.headers();
    let header_bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers.len() > limits.max_headers || header_bytes > limits.max_header_bytes {
        return Err(ApiError::HeadersTooLarge {
            headers: limits.max_headers,
            bytes: limits.max_header_bytes,
        });
    }
    let announced =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limits.max_body_bytes as u64) {
        return Err(ApiError::BodyTooLarge { limit: limits.max_body_bytes });
    }
    request.extensions_mut().insert(BodyLimit(limits.max_body_bytes));
    Ok(next.run(request).await)
}

/// Ends a request that has no answer in time. The body of an answer, such as a stream of events, has its own time.
pub(crate) async fn bound_time(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_elapsed) => ApiError::TimedOut { after: limit }.into_response(),
    }
}

/// Refuses a request while as many as may be are at work: to be told at once is better than to wait in a queue that
/// the client leaves before its turn.
pub(crate) async fn bound_concurrency(
    State(places): State<Arc<Semaphore>>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let _place = places.try_acquire().map_err(|_all_taken| ApiError::Overloaded)?;
    Ok(next.run(request).await)
}
