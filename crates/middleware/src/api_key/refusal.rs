//! Why a request does not get through, and the answer to that.

use std::sync::Arc;

use bytes::Bytes;
use cache::LoadAborted;
use domain::{ApiKeyError, CallerId, SourceUnavailable};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, Response, StatusCode};

use crate::error_body::{ErrorBody, codes};
use crate::error_chain::error_chain;
use crate::flood_gate::FloodGate;

/// What would be right, and the schemes of it (RFC 9110, 11.6.1: a 401 names one).
const KEY: (&str, &str) = ("a valid API key is needed in the X-API-Key header", "ApiKey");
const KEY_OR_TOKEN: (&str, &str) = (
    "a valid API key in the X-API-Key header or a bearer token in the Authorization header is needed",
    "ApiKey, Bearer",
);

/// Why there is no caller. The log learns the difference, the answer does not. All who waited for one look-up share it.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum Refusal {
    #[error("there is no X-API-Key header")]
    Missing,
    #[error("there is more than one X-API-Key header")]
    Repeated,
    #[error("the X-API-Key header is not printable ASCII")]
    NotText,
    #[error("the X-API-Key header holds no key")]
    Malformed(#[from] ApiKeyError),
    #[error("the key is unknown")]
    Unknown,
    #[error("the key {id} has expired")]
    Expired { id: CallerId },
    #[error("too many keys that are not known here are being looked up")]
    TooMany,
    #[error("the key could not be checked")]
    Unavailable(#[source] Arc<SourceUnavailable>),
    #[error("the key could not be checked in time")]
    TooSlow,
    #[error("the key could not be checked")]
    Aborted(#[from] LoadAborted),
}

impl Refusal {
    /// Whether the source gave no answer, so that nobody knows.
    pub(super) fn is_outage(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::TooSlow)
    }

    /// Why the caller is at fault, in a word; `None` where it is not.
    pub(super) fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Missing => Some("no-key"),
            Self::Repeated => Some("several-keys"),
            Self::NotText | Self::Malformed(_) => Some("malformed-key"),
            Self::Unknown => Some("unknown-key"),
            Self::Expired { .. } => Some("expired-key"),
            Self::TooMany => Some("too-many-unknown-keys"),
            Self::Unavailable(_) | Self::TooSlow | Self::Aborted(_) => None,
        }
    }

    /// Says in the log what the answer does not say; of an outage, what the gate lets through.
    pub(super) fn log(&self, outage: &FloodGate) {
        match self {
            Self::Unavailable(_) | Self::TooSlow | Self::Aborted(_) => match outage.left_out() {
                Some(left_out) => {
                    tracing::warn!(cause = error_chain(self), left_out, "API key not checked");
                }
                None => tracing::debug!(cause = error_chain(self), "API key not checked"),
            },
            Self::Missing
            | Self::Repeated
            | Self::NotText
            | Self::Malformed(_)
            | Self::Unknown
            | Self::Expired { .. }
            | Self::TooMany => {
                tracing::debug!(reason = error_chain(self), "API key refused");
            }
        }
    }

    /// A token would do as well where they are taken beside keys.
    pub(super) fn into_response<B: From<Bytes>>(self, is_beside_tokens: bool) -> Response<B> {
        match self {
            Self::Unavailable(_) | Self::TooSlow | Self::Aborted(_) => {
                let body = ErrorBody::new(
                    codes::SERVICE_UNAVAILABLE,
                    "Service Unavailable",
                    "the API key cannot be checked at the moment: try again",
                );
                body.into_response_after(StatusCode::SERVICE_UNAVAILABLE, 1)
            }
            Self::TooMany => {
                let body = ErrorBody::new(
                    codes::RATE_LIMIT_EXCEEDED,
                    "Too Many Requests",
                    "too many API keys that are not known are being checked: try again",
                );
                // An address may owe a second's worth beyond the next second, so that one second would be too early.
                body.into_response_after(StatusCode::TOO_MANY_REQUESTS, 2)
            }
            Self::Missing
            | Self::Repeated
            | Self::NotText
            | Self::Malformed(_)
            | Self::Unknown
            | Self::Expired { .. } => {
                let (message, challenge) = if is_beside_tokens { KEY_OR_TOKEN } else { KEY };
                let body = ErrorBody::new(codes::UNAUTHORIZED, "Unauthorized", message);
                let mut response = body.into_response(StatusCode::UNAUTHORIZED);
                response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
                response
            }
        }
    }
}
