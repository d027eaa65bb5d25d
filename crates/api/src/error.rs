//! What a request can end in other than its answer, and the one mapping of that to HTTP.

mod problems;

use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use cache::{CacheError, Unreachable};
use domain::Invalid;
use http::StatusCode;
use middleware::{AlreadyCommitted, ErrorBody, codes};
use tenancy::{ActiveTenantsError, ConnectionsError, Refusal, ReplayError};

use crate::deletion::DeletionRefusal;
use crate::refusals;
pub use problems::{BodyProblem, ParameterProblem};

/// Every failure of a request. `Display` is for the caller where the status is below 500, and for the log otherwise.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// A parameter is wrong.
    #[error("{name}: {problem}")]
    Parameter {
        /// Its name as the caller writes it.
        name: &'static str,
        /// What is wrong.
        problem: ParameterProblem,
    },
    /// The body is wrong.
    #[error("{0}")]
    Body(BodyProblem),
    /// The pattern matches everything and was not confirmed.
    #[error("the pattern {pattern:?} matches everything: add confirm=true if that is meant")]
    CatchAllNotConfirmed {
        /// The pattern as it was written.
        pattern: String,
    },
    /// `DELETE /cache` without a key and without `all=true&confirm=true`.
    #[error("key: name what to delete with key=..., or all=true&confirm=true for every key of this service")]
    NothingToDelete,
    /// The body has a media type other than JSON.
    #[error("the body must be application/json")]
    UnsupportedMediaType,
    /// The body is longer than the limit.
    #[error("the body is longer than {limit} bytes")]
    BodyTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// Path and query are longer than the limit.
    #[error("path and query are longer than {limit} bytes")]
    UriTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// Too many headers, or too long ones.
    #[error("the request has more than {headers} headers, or more than {bytes} bytes of them")]
    HeadersTooLarge {
        /// The greatest number of header lines.
        headers: usize,
        /// The greatest number of bytes.
        bytes: usize,
    },
    /// No credential, or none that is valid.
    #[error("a valid API key is needed in the X-API-Key header")]
    Unauthorized,
    /// The caller is known and may not do this.
    #[error("the scope {scope} is needed")]
    Forbidden {
        /// The missing scope.
        scope: String,
    },
    /// There is no such route.
    #[error("there is no such route")]
    NoRoute,
    /// A part of the path names nothing.
    #[error("there is no such {what}")]
    NoSuch {
        /// What it would be.
        what: &'static str,
    },
    /// A use case was refused.
    #[error(transparent)]
    Refused(Arc<Refusal>),
    /// There is no list of active tenants.
    #[error(transparent)]
    ActiveTenants(#[from] ActiveTenantsError),
    /// What was asked for is not kept any more.
    #[error("{0}; begin anew behind the last")]
    EventsGone(String),
    /// As many streams of events are open as may be.
    #[error("too many streams of events are open")]
    TooManyStreams,
    /// The connections were not there in time.
    #[error(transparent)]
    Connections(ConnectionsError),
    /// The body came too slowly.
    #[error("the body did not arrive within {} s", .after.as_secs())]
    BodySlow {
        /// The limit.
        after: Duration,
    },
    /// An answer could not be written as JSON.
    #[error("the answer could not be written")]
    Form(#[source] serde_json::Error),
    /// The route has other methods; the `Allow` header names them.
    #[error("the route does not have this method")]
    MethodNotAllowed,
    /// As many deletions by pattern run as may run at once.
    #[error("too many deletions are running: try again when one has ended")]
    TooManyDeletions,
    /// As many bodies of the caller are on their way as may be.
    #[error("too many bodies of this caller are on their way: send the next when one has arrived")]
    TooManyBodies,
    /// As many requests are at work as may be.
    #[error("too many requests are at work")]
    Overloaded,
    /// The handler did not answer in time.
    #[error("the request took longer than {} s", .after.as_secs())]
    TimedOut {
        /// The limit.
        after: Duration,
    },
    /// The cache did not do its part in time.
    #[error("no answer from {addresses} within {} ms", .after.as_millis())]
    CacheSlow {
        /// The configured addresses.
        addresses: String,
        /// The limit.
        after: Duration,
    },
    /// A cache operation failed.
    #[error("the cache operation failed")]
    Cache(#[from] CacheError),
    /// No node of the cache could be reached.
    #[error("no node of the cache could be reached: {}", reasons(.0))]
    Unreachable(Vec<Unreachable>),
    /// A task of this process ended without an answer.
    #[error("a task ended without an answer")]
    TaskFailed(#[source] tokio::task::JoinError),
    /// A handler panicked.
    #[error("a handler panicked: {0}")]
    Panicked(String),
}

impl ApiError {
    /// A parameter that is wrong.
    pub(crate) fn parameter(name: &'static str, problem: impl Into<ParameterProblem>) -> Self {
        Self::Parameter { name, problem: problem.into() }
    }

    /// The status of the answer. Callers' circuit breakers count every status from 500 on, so what the caller caused
    /// stays below it.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Parameter { .. }
            | Self::Body(_)
            | Self::CatchAllNotConfirmed { .. }
            | Self::NothingToDelete => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden { .. } => StatusCode::FORBIDDEN,
            Self::NoRoute | Self::NoSuch { .. } | Self::Cache(CacheError::Miss) => StatusCode::NOT_FOUND,
            Self::BodySlow { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::Refused(refusal)
            | Self::ActiveTenants(ActiveTenantsError::Refused(refusal))
            | Self::Connections(ConnectionsError::Refused(refusal)) => refusals::status(refusal),
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Cache(CacheError::WrongType) => StatusCode::CONFLICT,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UriTooLong { .. } => StatusCode::URI_TOO_LONG,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::EventsGone(_) => StatusCode::GONE,
            Self::TooManyBodies | Self::TooManyDeletions | Self::TooManyStreams => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::HeadersTooLarge { .. } => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::TaskFailed(_) | Self::Panicked(_) | Self::Form(_) | Self::Cache(CacheError::Config(_)) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Self::ActiveTenants(
                ActiveTenantsError::TooLong | ActiveTenantsError::TooSlow | ActiveTenantsError::Aborted(_),
            )
            | Self::Connections(ConnectionsError::TooSlow | ConnectionsError::Aborted(_))
            | Self::Overloaded
            | Self::TimedOut { .. }
            | Self::CacheSlow { .. }
            | Self::Unreachable(_)
            | Self::Cache(
                CacheError::Closed
                | CacheError::Unavailable { .. }
                | CacheError::Timeout { .. }
                | CacheError::Interrupted { .. }
                | CacheError::Refused { .. }
                | CacheError::Full { .. }
                | CacheError::Protocol { .. },
            ) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The text of the answer. From 500 on it says nothing about the inside, but for the addresses of the cache: who
    /// may read the cache must learn which node is away.
    pub fn public_message(&self) -> String {
        match self {
            Self::Cache(CacheError::Miss) => "there is no such key".to_owned(),
            Self::Cache(CacheError::WrongType) => "the key holds a value of another type".to_owned(),
            Self::Cache(error) if self.status() == StatusCode::SERVICE_UNAVAILABLE => cache_away(error),
            // The reasons are the words of a driver.
            Self::Unreachable(nodes) => {
                format!("the cache is not available: no answer from {}", names(nodes))
            }
            Self::TaskFailed(_) | Self::Panicked(_) | Self::Form(_) | Self::Cache(_) => {
                "an internal error occurred".to_owned()
            }
            Self::Refused(refusal)
            | Self::ActiveTenants(ActiveTenantsError::Refused(refusal))
            | Self::Connections(ConnectionsError::Refused(refusal)) => refusals::message(refusal),
            Self::ActiveTenants(_) => "the list of active tenants is not available".to_owned(),
            Self::Connections(_) => "the connections are not available".to_owned(),
            Self::CacheSlow { .. } => format!("the cache is not available: {self}"),
            // Their texts are made of the request, the limits and our own words. A new variant has to be looked at.
            Self::Parameter { .. }
            | Self::Body(_)
            | Self::CatchAllNotConfirmed { .. }
            | Self::NothingToDelete
            | Self::UnsupportedMediaType
            | Self::BodyTooLarge { .. }
            | Self::UriTooLong { .. }
            | Self::HeadersTooLarge { .. }
            | Self::Unauthorized
            | Self::Forbidden { .. }
            | Self::NoRoute
            | Self::NoSuch { .. }
            | Self::BodySlow { .. }
            | Self::MethodNotAllowed
            | Self::TooManyBodies
            | Self::TooManyDeletions
            | Self::TooManyStreams
            | Self::EventsGone(_)
            | Self::Overloaded
            | Self::TimedOut { .. } => self.to_string(),
        }
    }

    /// The body of the answer.
    pub fn body(&self) -> ErrorBody {
        let status = self.status();
        if let Some(refusal) = self.refusal()
            && let Some(body) = refusals::body(refusal)
        {
            return body;
        }
        let title = status.canonical_reason().unwrap_or("Error");
        ErrorBody::new(code(status), title, self.public_message())
    }

    /// The refusal of a use case, if it is one.
    fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal)
            | Self::ActiveTenants(ActiveTenantsError::Refused(refusal))
            | Self::Connections(ConnectionsError::Refused(refusal)) => Some(refusal),
            _ => None,
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Arc::new(refusal))
    }
}

impl From<Invalid> for ApiError {
    fn from(invalid: Invalid) -> Self {
        Refusal::from(invalid).into()
    }
}

impl From<ReplayError> for ApiError {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Gone { .. } => Self::EventsGone(error.to_string()),
            ReplayError::Store(error) => Refusal::from(error).into(),
        }
    }
}

impl From<ConnectionsError> for ApiError {
    fn from(error: ConnectionsError) -> Self {
        Self::Connections(error)
    }
}

impl From<DeletionRefusal> for ApiError {
    fn from(refusal: DeletionRefusal) -> Self {
        match refusal {
            DeletionRefusal::CatchAllNotConfirmed { pattern } => Self::CatchAllNotConfirmed { pattern },
            DeletionRefusal::Tenant(problem) => Self::parameter("tenantId", problem),
        }
    }
}

/// The symbolic code: the platform's own name where it has one, `TM-` and the status otherwise.
fn code(status: StatusCode) -> String {
    match status {
        StatusCode::UNAUTHORIZED => codes::UNAUTHORIZED.to_owned(),
        StatusCode::FORBIDDEN => codes::FORBIDDEN.to_owned(),
        StatusCode::SERVICE_UNAVAILABLE => codes::SERVICE_UNAVAILABLE.to_owned(),
        other => format!("TM-{:04}", other.as_u16()),
    }
}

/// Which node of the cache is at fault, without what the driver says about it.
fn cache_away(error: &CacheError) -> String {
    let detail = match error {
        CacheError::Unavailable { node, .. }
        | CacheError::Timeout { node, .. }
        | CacheError::Interrupted { node } => format!(": no answer from {node}"),
        CacheError::Refused { node, .. } => format!(": {node} refused the command"),
        CacheError::Protocol { node, .. } => format!(": {node} answered something unexpected"),
        CacheError::Full { .. } => ": the embedded cache is full".to_owned(),
        CacheError::Closed | CacheError::Miss | CacheError::Config(_) | CacheError::WrongType => {
            String::new()
        }
    };
    format!("the cache is not available{detail}")
}

fn names(nodes: &[Unreachable]) -> String {
    nodes.iter().map(|node| node.node.as_str()).collect::<Vec<_>>().join(", ")
}

fn reasons(nodes: &[Unreachable]) -> String {
    nodes.iter().map(|node| format!("{}: {}", node.node, node.reason)).collect::<Vec<_>>().join("; ")
}

/// The error behind an answer, left in its extensions for the layer that logs it.
#[derive(Clone)]
pub(crate) struct Failure(pub(crate) Arc<ApiError>);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.body().into_response(self.status());
        if matches!(
            self,
            Self::TooManyBodies | Self::TooManyDeletions | Self::TooManyStreams | Self::Overloaded
        ) {
            response.headers_mut().insert(http::header::RETRY_AFTER, http::HeaderValue::from_static("1"));
        }
        if matches!(self.refusal(), Some(Refusal::AlreadyCommitted)) {
            response.extensions_mut().insert(AlreadyCommitted);
        }
        response.extensions_mut().insert(Failure(Arc::new(self)));
        response
    }
}
