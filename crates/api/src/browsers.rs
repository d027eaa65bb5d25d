//! What browsers are told: which pages may call, and what they may do with answers.

use http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

/// What browsers are told.
#[derive(Debug, Clone, Default)]
pub struct Browsers {
    /// What pages of other origins may do; without it, nothing.
    pub cors: Option<CorsPolicy>,
    /// Whether they are to come by TLS only from now on: where the listener itself speaks it.
    pub only_encrypted: bool,
}

/// What pages of other origins may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorsPolicy {
    /// Which pages.
    pub origins: CorsOrigins,
    /// With which methods.
    pub methods: Vec<Method>,
    /// Which headers they may send.
    pub headers: Vec<HeaderName>,
    /// Which headers they may read.
    pub exposed: Vec<HeaderName>,
    /// Whether cookies and client certificates go along; not where every origin may call.
    pub credentials: bool,
}

/// Whose pages may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CorsOrigins {
    /// Everybody's.
    Any,
    /// Those of these origins, compared letter by letter.
    Exactly(Vec<HeaderValue>),
}

/// How long a browser need not ask again.
const MAX_AGE: std::time::Duration = std::time::Duration::from_secs(600);

impl CorsPolicy {
    /// The methods and headers of this API, without credentials.
    pub fn new(origins: CorsOrigins) -> Self {
        Self {
            origins,
            methods: vec![Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE],
            headers: vec![
                header::AUTHORIZATION,
                header::CONTENT_TYPE,
                header::IF_NONE_MATCH,
                middleware::X_API_KEY,
                middleware::X_IDEMPOTENCY,
                middleware::X_TTL,
                middleware::X_REQUEST_ID,
                HeaderName::from_static("last-event-id"),
            ],
            exposed: vec![
                header::ETAG,
                header::RETRY_AFTER,
                middleware::X_REQUEST_ID,
                middleware::X_IDEMPOTENCY_REPLAYED,
                middleware::RATELIMIT,
                middleware::RATELIMIT_POLICY,
                middleware::X_RATELIMIT_LIMIT,
                middleware::X_RATELIMIT_REMAINING,
                middleware::X_RATELIMIT_RESET,
            ],
            credentials: false,
        }
    }

    /// Answers preflights, and tells browsers what pages may do with the other answers.
    pub(crate) fn layer(&self) -> CorsLayer {
        let layer = CorsLayer::new()
            .allow_methods(self.methods.clone())
            .allow_headers(self.headers.clone())
            .expose_headers(self.exposed.clone())
            .max_age(MAX_AGE);
        match &self.origins {
            CorsOrigins::Any => layer.allow_origin(Any),
            CorsOrigins::Exactly(origins) => {
                layer.allow_origin(AllowOrigin::list(origins.clone())).allow_credentials(self.credentials)
            }
        }
    }
}
