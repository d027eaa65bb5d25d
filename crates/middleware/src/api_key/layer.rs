//! The layer and what it checks with.

use std::fmt;
use std::sync::Arc;

use domain::{ApiKey, ApiKeyHash, ApiKeySource, Caller, Clock};
use http::{HeaderMap, HeaderValue};
use tower::Layer;

use super::refusal::Refusal;
use super::{ApiKeyGuard, X_API_KEY};

/// Lets a request through when its `X-API-Key` header holds a key that the source knows and that has not expired.
///
/// The service behind finds the [`Caller`] in the extensions of the request, and the header gone, so that nothing behind
/// can log it. The answer carries the [`domain::CallerId`] in its extensions, for layers in front. What a caller may do
/// is not checked here: that is for whoever knows the route.
///
/// No key, more than one, a mistyped, an unknown and an expired one all get the same 401; the log says at level `debug`
/// which it was. When the source is away the answer is 503, and the reason is logged.
///
/// ```
/// # use std::convert::Infallible;
/// # use std::sync::Arc;
/// # use domain::{ApiKey, ApiKeyHash, ApiKeyRecord, Caller, MemoryApiKeys, Scope, Scopes, SystemClock};
/// # use http::{Request, Response, StatusCode};
/// # use http_body_util::Full;
/// # use tower::{ServiceBuilder, ServiceExt, service_fn};
/// use middleware::ApiKeyLayer;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let keys = MemoryApiKeys::new([ApiKeyRecord {
///     id: "operator".into(),
///     hash: ApiKeyHash::of(&ApiKey::parse("a-key").unwrap()),
///     name: "operator".to_owned(),
///     environment: "staging".to_owned(),
///     scopes: Scopes::from_iter([Scope::CACHE_READ]),
///     expires_at: None,
/// }]);
/// let service = ServiceBuilder::new()
///     .layer(ApiKeyLayer::new(Arc::new(keys), Arc::new(SystemClock)))
///     .service(service_fn(async |request: Request<()>| {
///         let caller = request.extensions().get::<Caller>().unwrap();
///         Ok::<_, Infallible>(Response::new(Full::<bytes::Bytes>::from(caller.id().to_string())))
///     }));
///
/// let request = Request::get("/").header("X-API-Key", "a-key").body(()).unwrap();
/// assert_eq!(service.clone().oneshot(request).await.unwrap().status(), StatusCode::OK);
/// let request = Request::get("/").body(()).unwrap();
/// assert_eq!(service.oneshot(request).await.unwrap().status(), StatusCode::UNAUTHORIZED);
/// # }
/// ```
#[derive(Clone)]
pub struct ApiKeyLayer {
    checks: Arc<Checks>,
}

/// What one request after the other is checked with.
pub(super) struct Checks {
    source: Arc<dyn ApiKeySource>,
    clock: Arc<dyn Clock>,
}

impl ApiKeyLayer {
    /// Asks `source` for every key that is well formed, and `clock` whether it has expired.
    pub fn new(source: Arc<dyn ApiKeySource>, clock: Arc<dyn Clock>) -> Self {
        Self { checks: Arc::new(Checks { source, clock }) }
    }
}

impl<S> Layer<S> for ApiKeyLayer {
    type Service = ApiKeyGuard<S>;

    fn layer(&self, inner: S) -> ApiKeyGuard<S> {
        ApiKeyGuard::new(inner, Arc::clone(&self.checks))
    }
}

impl fmt::Debug for ApiKeyLayer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ApiKeyLayer").finish_non_exhaustive()
    }
}

impl Checks {
    /// Who the values of the header name. The text of the key is gone before the source is asked.
    pub(super) async fn caller(&self, credential: Result<HeaderValue, Refusal>) -> Result<Caller, Refusal> {
        let hash = hash_of(&credential?)?;
        let found = self.source.find(&hash).await.map_err(Refusal::Unavailable)?;
        // Also a source that answers with the record of another key must open nothing; this compares in constant time.
        let record = found.filter(|record| record.hash == hash).ok_or(Refusal::Unknown)?;
        if !record.is_valid_at(self.clock.now()) {
            return Err(Refusal::Expired { id: record.id });
        }
        Ok(record.caller())
    }
}

/// Takes the key out of the headers.
pub(super) fn take_credential(headers: &mut HeaderMap) -> Result<HeaderValue, Refusal> {
    let is_repeated = headers.get_all(X_API_KEY).iter().nth(1).is_some();
    let value = headers.remove(X_API_KEY).ok_or(Refusal::Missing)?;
    // Which of several would count is not the same for every proxy in front.
    if is_repeated { Err(Refusal::Repeated) } else { Ok(value) }
}

fn hash_of(value: &HeaderValue) -> Result<ApiKeyHash, Refusal> {
    let text = value.to_str().map_err(|_| Refusal::NotText)?;
    Ok(ApiKeyHash::of(&ApiKey::parse(text)?))
}
