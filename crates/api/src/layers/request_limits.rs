//! Limits on what one request may bring and how long it may take.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use domain::CallerId;
use http::header;
use middleware::Shares;
use pin_project_lite::pin_project;
use tokio::time::{Timeout, timeout};
use tower::{Layer, Service};

use crate::error::ApiError;
use crate::limits::Limits;

/// What whoever reads the body has to keep to.
#[derive(Debug, Clone)]
pub(crate) struct BodyLimit {
    /// How many bytes it may have, for the message.
    pub(crate) bytes: usize,
    /// How many bodies each caller has on their way: one that sends them slowly does not take all places.
    pub(crate) of_callers: Arc<Shares<CallerId>>,
}

/// Refuses a request by its head, also one whose handler would not read the body, and ends one that has no answer in time.
/// The body of an answer, such as a stream of events, has its own time.
///
/// A body of unannounced length is bounded where it is read; one that nobody reads takes no memory: the server looks at
/// what has arrived when the answer is written, and closes the connection if that is not all of it.
#[derive(Debug, Clone)]
pub(crate) struct RequestLimitsLayer {
    limits: Limits,
    bodies: Arc<Shares<CallerId>>,
}

/// The service that [`RequestLimitsLayer`] makes.
#[derive(Debug, Clone)]
pub(crate) struct RequestLimits<S> {
    inner: S,
    limits: Limits,
    bodies: Arc<Shares<CallerId>>,
}

pin_project! {
    /// The answer of [`RequestLimits`].
    #[project = LimitedFutureProjection]
    pub(crate) enum LimitedFuture<F> {
        Refused { response: Response },
        AtWork { #[pin] answer: Timeout<F>, limit: Duration },
    }
}

impl RequestLimitsLayer {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, bodies: Shares::new(limits.bodies_of_a_caller) }
    }
}

impl<S> Layer<S> for RequestLimitsLayer {
    type Service = RequestLimits<S>;

    fn layer(&self, inner: S) -> RequestLimits<S> {
        RequestLimits { inner, limits: self.limits, bodies: Arc::clone(&self.bodies) }
    }
}

impl<S> Service<Request> for RequestLimits<S>
where
    S: Service<Request, Response = Response>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = LimitedFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        if let Err(error) = check_head(&request, &self.limits) {
            return LimitedFuture::Refused { response: error.into_response() };
        }
        let (bytes, of_callers) = (self.limits.max_body_bytes, Arc::clone(&self.bodies));
        request.extensions_mut().insert(BodyLimit { bytes, of_callers });
        let limit = self.limits.request_time;
        LimitedFuture::AtWork { answer: timeout(limit, self.inner.call(request)), limit }
    }
}

impl<F, E> Future for LimitedFuture<F>
where
    F: Future<Output = Result<Response, E>>,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match self.project() {
            LimitedFutureProjection::Refused { response } => Ok(std::mem::take(response)),
            LimitedFutureProjection::AtWork { answer, limit } => match ready!(answer.poll(context)) {
                Ok(outcome) => outcome,
                Err(_elapsed) => Ok(ApiError::TimedOut { after: *limit }.into_response()),
            },
        })
    }
}

fn check_head(request: &Request, limits: &Limits) -> Result<(), ApiError> {
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
    Ok(())
}
