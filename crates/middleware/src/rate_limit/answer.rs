//! The answers to requests that do not pass.

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderValue, Response, StatusCode};

use super::limiter::{Numbers, OnCacheFailure, Source};
use super::tiers::{Tier, seconds_up};
use super::{X_RATELIMIT_SOURCE, headers};
use crate::error_body::{ErrorBody, codes};

/// 429, with the time after which one request passes.
pub(super) fn too_many<B: From<Bytes>>(tier: &Tier, numbers: Numbers, source: Source) -> Response<B> {
    let message = format!(
        "more than {} in {}: try again in {}",
        counted(tier.limit, "request"),
        counted(seconds_up(tier.window), "second"),
        counted(numbers.wait, "second"),
    );
    let body = ErrorBody::new(codes::RATE_LIMIT_EXCEEDED, "Too Many Requests", message);
    let mut response = body.into_response(StatusCode::TOO_MANY_REQUESTS);
    headers::stamp(response.headers_mut(), tier, Some(numbers), source);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(numbers.wait));
    response
}

/// 429: more requests of the caller wait for a decision than may.
pub(super) fn crowded<B: From<Bytes>>(tier: &Tier) -> Response<B> {
    let body = ErrorBody::new(
        codes::RATE_LIMIT_EXCEEDED,
        "Too Many Requests",
        "too many requests of one caller at once: try again in 1 second",
    );
    let mut response = body.into_response(StatusCode::TOO_MANY_REQUESTS);
    headers::stamp(response.headers_mut(), tier, None, Source::Local);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// 503: nobody can tell whether the request may pass.
pub(super) fn unavailable<B: From<Bytes>>() -> Response<B> {
    let body = ErrorBody::new(
        codes::RATE_LIMIT_UNAVAILABLE,
        "Service Unavailable",
        "the rate limit cannot be checked at the moment: try again",
    );
    let mut response = body.into_response(StatusCode::SERVICE_UNAVAILABLE);
    response
        .headers_mut()
        .insert(X_RATELIMIT_SOURCE, HeaderValue::from_static(OnCacheFailure::Closed.name()));
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

fn counted(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
