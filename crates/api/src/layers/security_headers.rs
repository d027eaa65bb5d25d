//! What browsers may do with an answer, however they came by it.

use axum::response::Response;
use http::header::{self, HeaderName, HeaderValue};

/// Constants, so that an answer costs their references and no more.
const ALWAYS: [(HeaderName, HeaderValue); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];
/// An answer in JSON needs nothing, and nobody is to show it in a frame.
const NO_CONTENT: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// Any answer may hold secrets, and some are for one caller only.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// A year.
const ONLY_ENCRYPTED: HeaderValue = HeaderValue::from_static("max-age=31536000");
/// What the page of the documentation needs: its own scripts and styles, and the styles within it.
const DOCUMENTATION: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; \
     form-action 'none'",
);

/// Adds the headers. What may be kept, and what a page may load, can be said before.
pub(crate) fn secured(mut answer: Response, only_encrypted: bool) -> Response {
    let headers = answer.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, value);
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(NO_CONTENT);
    headers.entry(header::CACHE_CONTROL).or_insert(NO_STORE);
    if only_encrypted {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, ONLY_ENCRYPTED);
    }
    answer
}

/// What the documentation says before: it is the same for everybody.
pub(crate) fn documentation(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(DOCUMENTATION);
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
    answer
}
