//! The body of every answer that reports an error.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde::{Deserialize, Serialize};

/// Symbolic codes that more than one program knows.
pub mod codes {
    /// 401: there is no credential, or none that is valid.
    pub const UNAUTHORIZED: &str = "UNAUTHORIZED";
    /// 403: the caller is known and may not do this.
    pub const FORBIDDEN: &str = "FORBIDDEN";
    /// 429: too much was asked for; later it may be allowed.
    pub const RATE_LIMIT_EXCEEDED: &str = "rate_limit_exceeded";
    /// 503: the rate limit cannot be checked; as the platform's limiters say it.
    pub const RATE_LIMIT_UNAVAILABLE: &str = "service_unavailable";
    /// 503: something that is needed is away.
    pub const SERVICE_UNAVAILABLE: &str = "SERVICE_UNAVAILABLE";
}

/// The body of an error, as JSON.
///
/// `code` is always a string: clients that decode it into one fail on a number. `error` repeats `message` for clients
/// that know only the older name. `status` appears only where a tenant or one of its services is suspended, because
/// clients take its mere presence for that.
///
/// ```
/// use http::StatusCode;
/// use http_body_util::Full;
/// use middleware::{ErrorBody, codes};
///
/// let body = ErrorBody::new(codes::FORBIDDEN, "Forbidden", "the scope backoffice:tm:cache:read is needed");
/// let response: http::Response<Full<bytes::Bytes>> = body.into_response(StatusCode::FORBIDDEN);
/// assert_eq!(response.headers()["content-type"], "application/json");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    code: String,
    title: String,
    message: String,
    error: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    status: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    errors: Vec<FieldError>,
}

/// One field of a request that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct FieldError {
    field: String,
    message: String,
}

impl ErrorBody {
    /// A body without `status`. The message is for the caller: on a 5xx it says nothing about the inside.
    pub fn new(code: impl Into<String>, title: impl Into<String>, message: impl Into<String>) -> Self {
        let message = message.into();
        let (code, title) = (code.into(), title.into());
        Self { code, title, error: message.clone(), message, status: None, errors: Vec::new() }
    }

    /// The same with the state of a suspended or purged tenant or service; only ever on a 403.
    pub fn with_status(self, status: impl Into<String>) -> Self {
        Self { status: Some(status.into()), ..self }
    }

    /// The same with one more field that is wrong, named by its path.
    #[must_use]
    pub fn with_error(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.errors.push(FieldError { field: field.into(), message: message.into() });
        self
    }

    /// The same answer with the time after which it is worth to come again (RFC 9110, 10.2.3).
    pub fn into_response_after<B: From<Bytes>>(self, status: StatusCode, seconds: u32) -> Response<B> {
        let mut response = self.into_response(status);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        response
    }

    /// The whole answer, with any body type that is made from bytes.
    pub fn into_response<B: From<Bytes>>(self, status: StatusCode) -> Response<B> {
        // Strings can always be written as JSON; were it otherwise, the answer would still be JSON.
        let json = serde_json::to_vec(&self).unwrap_or_else(|_| b"{}".to_vec());
        let mut response = Response::new(B::from(Bytes::from(json)));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(body: ErrorBody) -> serde_json::Value {
        let response: Response<Bytes> = body.into_response(StatusCode::FORBIDDEN);
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
        serde_json::from_slice(response.body()).unwrap()
    }

    #[test]
    fn the_text_is_there_under_both_names_and_no_status() {
        let body = json(ErrorBody::new("TM-0404", "Not Found", "there is no such \"key\""));
        assert_eq!(
            body,
            serde_json::json!({
                "code": "TM-0404",
                "title": "Not Found",
                "message": "there is no such \"key\"",
                "error": "there is no such \"key\"",
            })
        );
    }

    #[test]
    fn every_field_at_fault_is_named() {
        let body = ErrorBody::new("TM-0422", "Unprocessable Entity", "two fields are wrong");
        let body = json(body.with_error("name", "must not be empty").with_error("port", "must be a port"));
        assert_eq!(body["errors"][1], serde_json::json!({ "field": "port", "message": "must be a port" }));
    }

    #[test]
    fn a_suspension_has_a_status() {
        let body = ErrorBody::new("0131", "Service Suspended", "suspended").with_status("suspended");
        assert_eq!(json(body.clone())["status"], "suspended");
        let read: ErrorBody = serde_json::from_value(json(body.clone())).unwrap();
        assert_eq!(read, body);
    }
}
