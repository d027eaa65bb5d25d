//! Why a token does not let a request through, and the answer to that.

use bytes::Bytes;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, Response, StatusCode};

use crate::error_body::{ErrorBody, codes};
use crate::error_chain::error_chain;
use crate::flood_gate::FloodGate;

/// An address may owe a second's worth beyond the next second, so that one second would be too early.
const WAIT_SECONDS: u32 = 2;

/// Why there is no caller. The log learns the difference; the answer only tells an expired token, which was good, from all
/// others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("there is more than one Authorization header")]
    Repeated,
    #[error("the token is too long")]
    TooLong,
    #[error("the token cannot be read")]
    Malformed,
    #[error("the claims of the token are not of the form that they should have")]
    Claims,
    #[error("the token names no key that it was signed with")]
    NoKeyId,
    #[error("the token demands an extension that is not known here")]
    Critical,
    #[error("the token is of an issuer that is not believed")]
    Issuer,
    #[error("the issuer has no such key")]
    UnknownKey,
    #[error("the token names another algorithm than that of its key")]
    Algorithm,
    #[error("the signature is wrong")]
    Signature,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not good yet")]
    NotYet,
    #[error("the token is for another audience")]
    Audience,
    #[error("the token is of another organization")]
    Organization,
    #[error("the subject of the token is no visible ASCII text of 1 to 100 characters")]
    Subject,
    #[error("too many tokens of the address were forged")]
    TooMany,
    #[error("the keys of the issuer cannot be read")]
    KeysUnavailable,
}

impl Refusal {
    /// Whether no issuer made it: who shows such tokens tries something out. One that was good once, or is good elsewhere, costs
    /// nobody its place; nor does one of a key that may have been published a moment ago.
    pub(super) fn is_forgery(self) -> bool {
        matches!(
            self,
            Self::Malformed
                | Self::NoKeyId
                | Self::Critical
                | Self::Issuer
                | Self::Algorithm
                | Self::Signature
        )
    }

    /// What the audit log calls it; nothing when nobody is at fault who asks.
    pub(super) fn reason(self) -> Option<&'static str> {
        match self {
            Self::Repeated => Some("several-tokens"),
            Self::TooLong | Self::Malformed | Self::Claims | Self::NoKeyId | Self::Critical => {
                Some("malformed-token")
            }
            Self::Issuer => Some("token-of-unknown-issuer"),
            Self::UnknownKey | Self::Algorithm | Self::Signature => Some("forged-token"),
            Self::Expired => Some("expired-token"),
            Self::NotYet => Some("early-token"),
            Self::Audience | Self::Organization => Some("token-for-others"),
            Self::Subject => Some("token-without-subject"),
            Self::TooMany => Some("too-many-forged-tokens"),
            Self::KeysUnavailable => None,
        }
    }

    /// Says in the log what the answer does not say; of an outage, what the gate lets through.
    pub(super) fn log(self, outage: &FloodGate) {
        match self {
            Self::KeysUnavailable => match outage.left_out() {
                Some(left_out) => {
                    tracing::warn!(cause = error_chain(&self), left_out, "bearer token not checked");
                }
                None => tracing::debug!(cause = error_chain(&self), "bearer token not checked"),
            },
            _ => tracing::debug!(reason = error_chain(&self), "bearer token refused"),
        }
    }

    pub(super) fn into_response<B: From<Bytes>>(self) -> Response<B> {
        if self == Self::KeysUnavailable {
            let body = ErrorBody::new(
                codes::SERVICE_UNAVAILABLE,
                "Service Unavailable",
                "the bearer token cannot be checked at the moment: try again",
            );
            return body.into_response_after(StatusCode::SERVICE_UNAVAILABLE, WAIT_SECONDS);
        }
        if self == Self::TooMany {
            let body = ErrorBody::new(
                codes::RATE_LIMIT_EXCEEDED,
                "Too Many Requests",
                "too many bearer tokens that are not valid came from this address: try again",
            );
            return body.into_response_after(StatusCode::TOO_MANY_REQUESTS, WAIT_SECONDS);
        }
        // RFC 6750, 3.1.
        let (message, challenge) = match self {
            Self::Expired => (
                "the bearer token has expired",
                r#"Bearer error="invalid_token", error_description="The token has expired""#,
            ),
            _ => ("the bearer token is not valid", r#"Bearer error="invalid_token""#),
        };
        let body = ErrorBody::new(codes::UNAUTHORIZED, "Unauthorized", message);
        let mut response = body.into_response(StatusCode::UNAUTHORIZED);
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        response
    }
}
