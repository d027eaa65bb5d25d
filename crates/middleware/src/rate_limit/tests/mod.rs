//! The layer in front of a service that says which requests reached it.

mod coalescing;
mod denials;
mod headers;
mod load;
mod outage;
mod readiness;
mod tiers;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use cache::{Cache, CacheHandle, MockCache, MockCall, Take, TakeRequest};
use domain::{Caller, CallerId, RateTier, Scopes};
use http::{Extensions, Method, Request, Response, StatusCode};
use tower::util::ServiceFn;
use tower::{Layer, ServiceExt, service_fn};

use super::clock::SteadyClock;
use super::*;

type Inner = ServiceFn<fn(Request<()>) -> Ready<Result<Response<Bytes>, Infallible>>>;

/// Seconds since the Unix epoch of the cache's clock in scripted answers.
const NOW: u64 = 1_700_000_000;

/// A layer over a cache of scripted answers, with a clock of its own.
struct Limited {
    cache: Arc<MockCache>,
    clock: Arc<AtomicU64>,
    layer: RateLimitLayer,
}

impl Limited {
    fn new(cache: MockCache) -> Self {
        Self::on_failure(cache, OnCacheFailure::Local)
    }

    fn on_failure(cache: MockCache, policy: OnCacheFailure) -> Self {
        let cache = Arc::new(cache);
        let clock = Arc::new(AtomicU64::new(0));
        let handle = CacheHandle::connected(Cache::Mock(Arc::clone(&cache)));
        let steady = SteadyClock::Manual(Arc::clone(&clock));
        let layer = RateLimitLayer::with_clock(handle, RateTiers::default(), steady, policy);
        Self { cache, clock, layer }
    }

    fn advance(&self, by: Duration) {
        self.clock.fetch_add(u64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }

    fn service(&self) -> RateLimit<Inner> {
        self.layer.layer(service_fn(|_| ready(Ok(Response::new(Bytes::from_static(b"reached"))))))
    }

    async fn ask(&self, request: Request<()>) -> Response<Bytes> {
        self.service().oneshot(request).await.unwrap()
    }

    /// The takes that were sent: key and cost.
    fn takes(&self) -> Vec<(String, TakeRequest)> {
        self.cache
            .calls()
            .into_iter()
            .map(|call| match call {
                MockCall::Take { key, request } => (String::from_utf8(key.to_vec()).unwrap(), request),
                other => panic!("{other:?}"),
            })
            .collect()
    }
}

const KEY: &[u8] = b"tenant-manager:ratelimit:default:someone";

fn get(caller: &str) -> Request<()> {
    request(Method::GET, Caller::new(CallerId::from(caller), Scopes::default()))
}

fn request(method: Method, caller: Caller) -> Request<()> {
    Request::builder().method(method).extension(caller).body(()).unwrap()
}

/// A take of the default limit of 500 a minute.
fn take(granted: u64, remaining: u64, retry_after: Duration, reset_after: Duration) -> Take {
    Take { granted, remaining, retry_after, reset_after, now_micros: NOW * 1_000_000 }
}

fn header<'a>(response: &'a Response<Bytes>, name: &str) -> &'a str {
    let mut values = response.headers().get_all(name).iter();
    let value = values.next().map_or("", |value| value.to_str().unwrap());
    assert_eq!(values.next(), None, "{name} is there twice");
    value
}
