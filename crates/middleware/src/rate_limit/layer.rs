//! The layer and what it is told.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cache::CacheHandle;
use domain::{Caller, RateTier};
use http::{Extensions, Method, Request, Uri};
use tower::Layer;

use super::clock::SteadyClock;
use super::identity;
use super::limiter::{Limiter, OnCacheFailure};
use super::tiers::{RateTiers, Tier};
use super::{RateLimit, RateLimitCounters};
use crate::{ClientAddress, is_write};

/// Lets a caller through as often as its tier says, over all replicas that share the cache.
///
/// Whose limit it is: that of the [`Caller`] in the extensions of the request; without one, that of its
/// [`ClientAddress`]; without that, one limit for all such requests. Which limit it is: the
/// caller's own tier if it has one, else what [`tier_from`](Self::tier_from) says. What is not to be limited, such as
/// probes, is mounted beside the layer, or [exempted](Self::exempt).
///
/// A limit of 500 in a minute lets exactly 500 through in one burst, and one more each 120 ms after it (the generic cell
/// rate algorithm). The times are those of the cache server, so that the clocks of replicas do not matter. Requests of one
/// caller that meet take together and cost one round trip, and a caller that was denied is denied without any until the
/// next request would pass, for a second at most.
///
/// Every answer says where the caller stands:
///
/// | header | |
/// |---|---|
/// | `X-RateLimit-Limit` | how many pass in a window |
/// | `X-RateLimit-Remaining` | how many more would pass now |
/// | `X-RateLimit-Reset` | when all would pass again, in seconds since the Unix epoch |
/// | `RateLimit-Policy` | `"default";q=500;w=60`: the limit and the seconds of its window (draft-ietf-httpapi-ratelimit-headers-11) |
/// | `RateLimit` | `"default";r=49;t=54`: how many more would pass, and the seconds until all would again; on a 429 the same seconds as `Retry-After` |
/// | `X-RateLimit-Source` | `cache`; `local`, `open` or `closed` when the cache did not decide ([`OnCacheFailure`]) |
/// | `Retry-After` | on a 429, the seconds after which one request passes |
///
/// More than 4,096 requests of one caller that wait for the cache at once get a 429 too, with the source `local`, without
/// being counted and with `Retry-After: 1`.
///
/// When nobody counts (`open`, or too many wait), only the limit, the policy and the source are told, and on the 503 of `closed` only the
/// source. A denied request gets a 429 with the
/// code `rate_limit_exceeded`. A request that comes with [`CacheTrouble`](crate::CacheTrouble) does not wait for the cache
/// again, and one that waited here in vain goes on with it.
///
/// ```
/// # use std::convert::Infallible;
/// # use std::time::Duration;
/// # use cache::{Cache, CacheHandle};
/// # use domain::RateTier;
/// # use http::{Request, Response, StatusCode};
/// # use http_body_util::Full;
/// # use tower::{ServiceBuilder, ServiceExt, service_fn};
/// use middleware::{RateLimitLayer, RateTiers};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), middleware::RateTierError> {
/// let tiers = RateTiers::default().with(RateTier::Default, 1, Duration::from_secs(60))?;
/// let service = ServiceBuilder::new()
///     .layer(RateLimitLayer::new(CacheHandle::connected(Cache::embedded()), tiers))
///     .service(service_fn(async |_: Request<()>| {
///         Ok::<_, Infallible>(Response::new(Full::<bytes::Bytes>::default()))
///     }));
///
/// let first = service.clone().oneshot(Request::new(())).await.unwrap();
/// assert_eq!(first.headers()["RateLimit"], r#""default";r=0;t=60"#);
/// let second = service.oneshot(Request::new(())).await.unwrap();
/// assert_eq!(second.status(), StatusCode::TOO_MANY_REQUESTS);
/// assert_eq!(second.headers()["Retry-After"], "60");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct RateLimitLayer {
    settings: Arc<Settings>,
    limiter: Arc<Limiter>,
}

/// How the layer sees a request.
#[derive(Clone)]
pub(super) struct Settings {
    tiers: RateTiers,
    tier_from: fn(&Method, &Extensions) -> RateTier,
    is_exempt: fn(&Uri, &Extensions) -> bool,
    key_prefix: Arc<str>,
}

impl RateLimitLayer {
    /// Counts in `cache`, under keys that begin with `tenant-manager:`. Writes (`POST`, `PUT`, `PATCH`, `DELETE`) have the
    /// tier `aggressive` and all else has `default`; while the cache is away the process counts by itself.
    pub fn new(cache: CacheHandle, tiers: RateTiers) -> Self {
        Self::with_clock(cache, tiers, SteadyClock::of_machine(), OnCacheFailure::default())
    }

    pub(super) fn with_clock(
        cache: CacheHandle,
        tiers: RateTiers,
        clock: SteadyClock,
        on_failure: OnCacheFailure,
    ) -> Self {
        let settings = Settings {
            tiers,
            tier_from: tier_of_method,
            is_exempt: |_, _| false,
            key_prefix: "tenant-manager".into(),
        };
        Self { settings: Arc::new(settings), limiter: Arc::new(Limiter::new(cache, clock, on_failure)) }
    }

    /// The tier of a request of a caller that has none of its own.
    #[must_use]
    pub fn tier_from(mut self, tier_from: fn(&Method, &Extensions) -> RateTier) -> Self {
        Arc::make_mut(&mut self.settings).tier_from = tier_from;
        self
    }

    /// Which requests have no limit. Their answers have none of the headers.
    #[must_use]
    pub fn exempt(mut self, is_exempt: fn(&Uri, &Extensions) -> bool) -> Self {
        Arc::make_mut(&mut self.settings).is_exempt = is_exempt;
        self
    }

    /// What keys begin with, without the colon. Services that share a cache and not their limits have one each.
    #[must_use]
    pub fn key_prefix(mut self, prefix: impl Into<Arc<str>>) -> Self {
        Arc::make_mut(&mut self.settings).key_prefix = prefix.into();
        self
    }

    /// Who decides while the cache does not answer. Counters begin anew.
    #[must_use]
    pub fn on_cache_failure(mut self, policy: OnCacheFailure) -> Self {
        self.limiter = Arc::new(self.limiter.with_policy(policy));
        self
    }

    /// How long a request waits for the cache; without this, as long as the cache may take for one operation: 500 ms. Counters
    /// begin anew.
    #[must_use]
    pub fn cache_time(mut self, limit: Duration) -> Self {
        self.limiter = Arc::new(self.limiter.with_cache_time(limit));
        self
    }

    /// What was counted so far, over all services that this layer and its clones made.
    pub fn counters(&self) -> RateLimitCounters {
        self.limiter.counting.snapshot()
    }

    #[cfg(test)]
    pub(super) fn limiter(&self) -> &Limiter {
        &self.limiter
    }
}

/// Writes are held to less than reads.
fn tier_of_method(method: &Method, _: &Extensions) -> RateTier {
    if is_write(method) { RateTier::Aggressive } else { RateTier::Default }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimit<S>;

    fn layer(&self, inner: S) -> RateLimit<S> {
        RateLimit::new(inner, Arc::clone(&self.settings), Arc::clone(&self.limiter))
    }
}

impl fmt::Debug for RateLimitLayer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RateLimitLayer")
            .field("tiers", &self.settings.tiers)
            .field("on_cache_failure", &self.limiter.on_failure)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// The limit of a request and the key that it is counted under; `None` when it has no limit.
    pub(super) fn limit_of<B>(&self, request: &Request<B>) -> Option<(&Arc<Tier>, Bytes)> {
        let extensions = request.extensions();
        if (self.is_exempt)(request.uri(), extensions) {
            return None;
        }
        let caller = extensions.get::<Caller>();
        let own = caller.and_then(Caller::rate_tier);
        let tier = self.tiers.of(own.unwrap_or_else(|| (self.tier_from)(request.method(), extensions)));
        let address = if caller.is_some() { None } else { ClientAddress::of(extensions) };
        Some((tier, identity::key(&self.key_prefix, tier, caller.map(Caller::id), address)))
    }
}
