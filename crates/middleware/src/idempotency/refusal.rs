//! Why a write is not done, and the answer to that.

use bytes::Bytes;
use cache::CacheError;
use domain::{BoxError, LedgerUnavailable};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use seal::SealError;

use super::X_IDEMPOTENCY_REPLAYED;
use super::refusal_log::Flood;
use super::request_key::RequestKeyError;
use crate::error_body::{ErrorBody, codes};

const UNAVAILABLE: &str = "IDEMPOTENCY_UNAVAILABLE";

/// Why there is no answer of the handler to hand on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("the headers are wrong")]
    Headers(#[from] RequestKeyError),
    #[error("nobody knows who writes")]
    NoCaller,
    #[error("the body is larger than {limit} bytes")]
    BodyTooLarge { limit: usize },
    #[error("the body could not be read")]
    BodyUnreadable(#[source] BoxError),
    #[error("the body did not come in time")]
    BodySlow,
    #[error("the key belongs to another request")]
    Reused,
    #[error("the first call with the key is still running")]
    InProgress,
    #[error("the write was done, and its answer was not kept")]
    NotReplayable,
    #[error("too many keyed writes, or too many bytes of them, are at work")]
    Busy,
    #[error("the cache gives no answer")]
    CacheAway(#[source] CacheError),
    #[error("the ledger cannot be asked")]
    LedgerAway(#[source] LedgerUnavailable),
    #[error("the ledger gave no answer in time")]
    LedgerSlow,
    #[error("the ledger does not know a write that was reported as committed")]
    LedgerForgot,
    #[error("the handler did not end")]
    Unfinished,
    #[error("the answer of the handler broke off")]
    AnswerBroken(#[source] BoxError),
}

/// The answer of the handler could not be sealed, so it is not kept.
#[derive(Debug, thiserror::Error)]
#[error("the answer of a write is not kept")]
pub(super) struct NotKept(#[from] pub(super) SealError);

impl Refusal {
    /// Whether something of ours is wrong, and not the request.
    pub(super) fn is_fault(&self) -> bool {
        match self {
            Self::Busy
            | Self::CacheAway(_)
            | Self::LedgerAway(_)
            | Self::LedgerSlow
            | Self::LedgerForgot
            | Self::Unfinished
            | Self::AnswerBroken(_) => true,
            Self::Headers(_)
            | Self::NoCaller
            | Self::BodyTooLarge { .. }
            | Self::BodyUnreadable(_)
            | Self::BodySlow
            | Self::Reused
            | Self::InProgress
            | Self::NotReplayable => false,
        }
    }

    /// What many writes are refused for at once, if it is that.
    pub(super) fn flood(&self) -> Option<Flood> {
        match self {
            Self::Busy => Some(Flood::Busy),
            Self::CacheAway(_) => Some(Flood::Cache),
            Self::LedgerAway(_) | Self::LedgerSlow => Some(Flood::Ledger),
            _ => None,
        }
    }

    /// The answer.
    pub(super) fn into_response<B: From<Bytes>>(self) -> Response<B> {
        let (status, code, title, message) = match &self {
            Self::Headers(error) => {
                (StatusCode::BAD_REQUEST, "VALIDATION_ERROR", "Bad Request", error.to_string())
            }
            Self::BodyUnreadable(_) => (
                StatusCode::BAD_REQUEST,
                "VALIDATION_ERROR",
                "Bad Request",
                "the body could not be read".to_owned(),
            ),
            Self::BodySlow => (
                StatusCode::REQUEST_TIMEOUT,
                "REQUEST_TIMEOUT",
                "Request Timeout",
                "the body of the write did not come in time: nothing was done".to_owned(),
            ),
            Self::NoCaller => (
                StatusCode::UNAUTHORIZED,
                codes::UNAUTHORIZED,
                "Unauthorized",
                "a write with an idempotency key needs a known caller".to_owned(),
            ),
            Self::BodyTooLarge { limit } => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "PAYLOAD_TOO_LARGE",
                "Payload Too Large",
                format!("the body of a write with an idempotency key has at most {limit} bytes"),
            ),
            Self::Reused => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "IDEMPOTENCY_KEY_REUSE",
                "Unprocessable Content",
                "the idempotency key was used for another request".to_owned(),
            ),
            Self::InProgress => (
                StatusCode::CONFLICT,
                "IDEMPOTENCY_CONFLICT",
                "Conflict",
                "the first request with this idempotency key is still running: try again".to_owned(),
            ),
            Self::NotReplayable => (
                StatusCode::CONFLICT,
                "IDEMPOTENCY_NOT_REPLAYABLE",
                "Conflict",
                "the write with this idempotency key was done; its answer cannot be given again".to_owned(),
            ),
            Self::Busy
            | Self::CacheAway(_)
            | Self::LedgerAway(_)
            | Self::LedgerSlow
            | Self::LedgerForgot
            | Self::Unfinished => (
                StatusCode::SERVICE_UNAVAILABLE,
                UNAVAILABLE,
                "Service Unavailable",
                "the write cannot be done once and only once at the moment: try again with the same idempotency key"
                    .to_owned(),
            ),
            Self::AnswerBroken(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "INTERNAL_ERROR",
                "Internal Server Error",
                "something went wrong".to_owned(),
            ),
        };
        let mut response = ErrorBody::new(code, title, message).into_response(status);
        let headers = response.headers_mut();
        match self {
            Self::InProgress => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
                headers.insert(X_IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
            }
            Self::NotReplayable => {
                headers.insert(X_IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
            }
            // RFC 9110, 11.6.1: a 401 names a scheme.
            Self::NoCaller => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("ApiKey"));
            }
            _ if status == StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}
