//! The layer.

use std::fmt;
use std::sync::Arc;

use cache::{CacheHandle, NearCounters};
use domain::{ApiKeySource, Clock, RefusalWatch, RememberedKeys, Unwatched, UsedKeys};
use http::{Extensions, Method};
use seal::KeyRing;
use tower::Layer;

use super::verdicts::Verdicts;
use super::{ApiKeyGuard, SourceLimits};

/// Which requests are let in by what is remembered of their keys.
type MayRecall = fn(&Method, &Extensions) -> bool;

/// Lets a request through when its `X-API-Key` header holds a key that the source knows and that has not expired. The oldest
/// clients send it behind `Bearer` in the `Authorization` header, which is looked at where the other is missing.
///
/// The service behind finds the [`domain::Caller`] in the extensions of the request, and the header gone, so that nothing behind
/// can log it. The answer carries the [`domain::CallerId`] in its extensions, for layers in front. What a caller may do
/// is not checked here: that is for whoever knows the route.
///
/// An address ([`ClientAddress`](crate::ClientAddress)) is damped by keys that do not exist. While it is, keys that this process
/// knows pass as ever, and so do those that stand in the shared cache; one that only the source knows gets 429. Behind a proxy that
/// all callers share and that is not trusted, all of them are one address, and a flood of made-up keys keeps everybody's new keys
/// out for as long as it lasts.
///
/// No key, more than one, a mistyped, an unknown and an expired one all get the same 401; the log says at level `debug`
/// which it was. When the source is away or slow the answer is 503, and the reason is logged.
///
/// [`ApiKeyLayer::new`] asks the source for every request:
///
/// ```
/// # use std::convert::Infallible;
/// # use std::sync::Arc;
/// # use domain::{ApiKey, ApiKeyHash, ApiKeyRecord, Caller, KeyBinding, MemoryApiKeys, Scope, Scopes, SystemClock};
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
///     binding: KeyBinding::default(),
///     scopes: Scopes::from_iter([Scope::CACHE_READ]),
///     rate_tier: None,
///     version: 1,
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
///
/// [`ApiKeyLayer::cached`] answers from memory and from a shared cache first. What it knows of a key is dropped as soon as
/// the shared cache tells that its record `apikey:sha256:<hash in hex>` changed:
///
/// ```
/// # use std::convert::Infallible;
/// # use std::sync::Arc;
/// # use std::time::Duration;
/// # use domain::{ApiKey, ApiKeyHash, ApiKeyRecord, KeyBinding, MemoryApiKeys, Scopes, SystemClock};
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// # use tower::{ServiceBuilder, ServiceExt, service_fn};
/// use cache::{Cache, CacheClient, CacheHandle};
/// use middleware::ApiKeyLayer;
/// use seal::{KeyRing, SealingKey};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let hash = ApiKeyHash::of(&ApiKey::parse("a-key").unwrap());
/// # let source = Arc::new(MemoryApiKeys::new([ApiKeyRecord {
/// #     id: "operator".into(),
/// #     hash,
/// #     name: "operator".to_owned(),
/// #     binding: KeyBinding::default(),
/// #     scopes: Scopes::default(),
/// #     rate_tier: None,
/// #     version: 1,
/// #     expires_at: None,
/// # }]));
/// let cache = Cache::embedded();
/// let ring = KeyRing::new(SealingKey::from_bytes([7; 32]), []);
/// let layer =
///     ApiKeyLayer::cached(source, Arc::new(SystemClock), CacheHandle::connected(cache.clone()), ring);
/// let service = ServiceBuilder::new().layer(layer.clone()).service(service_fn(async |_: Request<()>| {
///     Ok::<_, Infallible>(Response::new(Full::<bytes::Bytes>::default()))
/// }));
/// for _ in 0..3 {
///     let request = Request::get("/").header("X-API-Key", "a-key").body(()).unwrap();
///     assert!(service.clone().oneshot(request).await.unwrap().status().is_success());
/// }
/// assert!(layer.counters().hits > 0);
///
/// // The key is changed or revoked in its source as version 2; now nobody knows it any more.
/// let record = format!("apikey:sha256:{hash}");
/// cache.invalidate(record.as_bytes(), 2, Duration::from_secs(60)).await.unwrap();
/// # }
/// ```
#[derive(Clone)]
pub struct ApiKeyLayer {
    pub(super) verdicts: Arc<Verdicts>,
    pub(super) may_recall: MayRecall,
    pub(super) is_beside_tokens: bool,
    pub(super) watch: Arc<dyn RefusalWatch>,
}

impl ApiKeyLayer {
    /// Asks `source` for every key that is well formed, and `clock` whether it has expired.
    pub fn new(source: Arc<dyn ApiKeySource>, clock: Arc<dyn Clock>) -> Self {
        Self::with(Verdicts::uncached(source, clock))
    }

    /// Asks `source` only for what neither this process nor `cache` knows. What is stored in `cache` is sealed with `ring`,
    /// so that nobody who can write there can make a key. No two layers may be made for one `cache`; clones are fine.
    ///
    /// Keys that are not known are remembered as such for 5 seconds in this process; how often they are looked up is
    /// bounded by [`SourceLimits`]. When `cache` gives no answer, the source decides and the request carries
    /// [`CacheTrouble`](crate::CacheTrouble).
    pub fn cached(
        source: Arc<dyn ApiKeySource>,
        clock: Arc<dyn Clock>,
        cache: CacheHandle,
        ring: KeyRing,
    ) -> Self {
        Self::with(Verdicts::cached(source, clock, cache, ring))
    }

    fn with(verdicts: Verdicts) -> Self {
        Self {
            verdicts: Arc::new(verdicts),
            may_recall: |_, _| false,
            is_beside_tokens: false,
            watch: Arc::new(Unwatched),
        }
    }

    /// Lets a request without a key in when [`BearerTokenLayer`](crate::BearerTokenLayer) in front found a caller. One that shows
    /// a key as well needs a good one, and its caller is both: see [`domain::Caller::accompanied_by`].
    #[must_use]
    pub fn beside_tokens(self) -> Self {
        Self { is_beside_tokens: true, ..self }
    }

    /// Other limits for look-ups. Of [`ApiKeyLayer::new`], which remembers nothing, only the time limit applies.
    #[must_use]
    pub fn source_limits(self, limits: SourceLimits) -> Self {
        Self { verdicts: Arc::new(self.verdicts.with_limits(limits)), ..self }
    }

    /// Tells `remembered` what is found out of keys. When the source gives no answer, a key that it remembers as withdrawn gets
    /// 401, and one that it remembers as good is let in by requests that `may_recall` accepts; all else gets 503 as ever. Of
    /// [`ApiKeyLayer::new`], which knows of no changes, nothing is remembered.
    #[must_use]
    pub fn remembering(
        self,
        remembered: Arc<dyn RememberedKeys>,
        may_recall: fn(&Method, &Extensions) -> bool,
    ) -> Self {
        Self { verdicts: Arc::new(self.verdicts.remembering(remembered)), may_recall, ..self }
    }

    /// Tells `used` of the keys that callers are let in with: of each every ten seconds at most, and whenever it was looked up
    /// anew.
    #[must_use]
    pub fn telling_uses(self, used: Arc<dyn UsedKeys>) -> Self {
        Self { verdicts: Arc::new(self.verdicts.telling_uses(used)), ..self }
    }

    /// Tells `watch` of everybody who is refused for the key it presents, or presents none.
    #[must_use]
    pub fn watched_by(self, watch: Arc<dyn RefusalWatch>) -> Self {
        Self { watch, ..self }
    }

    /// What the keys in memory were good for; all zero when none are kept.
    pub fn counters(&self) -> NearCounters {
        self.verdicts.counters()
    }
}

impl<S> Layer<S> for ApiKeyLayer {
    type Service = ApiKeyGuard<S>;

    fn layer(&self, inner: S) -> ApiKeyGuard<S> {
        ApiKeyGuard { inner, rules: self.clone() }
    }
}

impl fmt::Debug for ApiKeyLayer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ApiKeyLayer").finish_non_exhaustive()
    }
}
