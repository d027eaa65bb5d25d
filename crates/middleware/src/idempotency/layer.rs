//! The layer and what its calls share.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use cache::CacheHandle;
use domain::{Caller, CallerId, IdempotencyLedger};
use http::{Extensions, Response};
use seal::KeyRing;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::Layer;
use uuid::Uuid;

use super::counters::{Counting, IdempotencyCounters};
use super::refusal::Refusal;
use super::refusal_log::RefusalLog;
use super::{IdempotencySettings, Idempotent};
use crate::shares::Shares;

/// Does a write once, however often it is sent: a POST, PUT, PATCH or DELETE whose `X-Idempotency` header (or
/// `Idempotency-Key`, or `X-Idempotency-Key`) names it.
///
/// | The call | gets |
/// |---|---|
/// | is the first with the key | the handler's answer |
/// | repeats one that was answered | the same status, headers and body, and `X-Idempotency-Replayed: true` |
/// | repeats one that runs | 409 `IDEMPOTENCY_CONFLICT`, `Retry-After: 1` |
/// | has the key of another request | 422 `IDEMPOTENCY_KEY_REUSE` |
/// | repeats one whose answer was a stream or over 1 MiB | 409 `IDEMPOTENCY_NOT_REPLAYABLE` |
/// | has a key that is no key, or two | 400 `VALIDATION_ERROR` |
/// | comes while the cache is away, or while too many are at work | 503 `IDEMPOTENCY_UNAVAILABLE`, `Retry-After: 1`, and nothing was done |
/// | has a body over 1 MiB | 413 `PAYLOAD_TOO_LARGE` |
/// | has a body that takes longer than 10 s to come | 408 `REQUEST_TIMEOUT`, and nothing was done |
/// | has a key, and nobody knows who calls | 401 `UNAUTHORIZED` |
///
/// Where the cache cannot take the answer, the caller has it all the same, and the layer tries to keep it for 5 minutes. A
/// request that comes with [`CacheTrouble`](crate::CacheTrouble) waits for the cache 100 ms and no longer.
///
/// What makes two requests one is method, path and query string as this layer sees them, and the body, which is read whole
/// for that. Keys are the caller's own: two callers may use the same one. An answer of 5xx, 408, 425 or 429, an error and a
/// panic free the key; every other answer, also a 4xx, is kept for 5 minutes or for the seconds that `X-TTL` says: a 2xx for at
/// most a day, others for at most the 5 minutes. What is kept is sealed. Headers that belong to one connection or request,
/// such as `X-Request-Id` and those of rate limits, are not kept, and neither are trailers.
///
/// The handler runs in a task of its own, so that it and the keeping of its answer outlive the client. The claim stands for
/// 10 seconds and is renewed while the handler runs: the death of the process frees the key soon.
///
/// How many writes run and how many bytes of their bodies are in memory is [bounded](IdempotencySettings), and one caller has at
/// most half of either.
///
/// **Without a [ledger](Self::ledger), "once" holds only while the cache keeps the claim**: a cache that is flushed, or that
/// fails over to a replica which was behind, forgets, and a process that dies after the change and before its answer was
/// kept leaves a key that is free. With a ledger, in which the handler commits a [row](crate::KeyedWrite::row) together with
/// its change, a key that the cache does not know is looked up there before the handler runs.
///
/// ```
/// # use std::convert::Infallible;
/// # use bytes::Bytes;
/// # use cache::{Cache, CacheHandle};
/// # use http::{Request, Response, StatusCode};
/// # use http_body_util::{BodyExt, Full};
/// # use seal::{KeyRing, SealingKey};
/// # use tower::{ServiceBuilder, ServiceExt, service_fn};
/// # use uuid::Uuid;
/// use middleware::IdempotencyLayer;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let ring = KeyRing::new(SealingKey::from_bytes([7; 32]), []);
/// let layer = IdempotencyLayer::new(CacheHandle::connected(Cache::embedded()), ring)
///     .scope_from(|_extensions| Some("the-only-caller".into()));
/// let service = ServiceBuilder::new().layer(layer).service(service_fn(async |_: Request<Full<Bytes>>| {
///     let made = Response::builder().status(StatusCode::CREATED);
///     Ok::<_, Infallible>(made.body(Full::<Bytes>::from(Uuid::new_v4().to_string())).unwrap())
/// }));
///
/// let write = || Request::post("/orders").header("X-Idempotency", "order-17").body(Full::default()).unwrap();
/// let first = service.clone().oneshot(write()).await.unwrap();
/// let again = service.oneshot(write()).await.unwrap();
///
/// assert_eq!(again.status(), StatusCode::CREATED);
/// assert_eq!(again.headers()["x-idempotency-replayed"], "true");
/// let body = async |answer: Response<Full<Bytes>>| answer.into_body().collect().await.unwrap().to_bytes();
/// assert_eq!(body(first).await, body(again).await);
/// # }
/// ```
#[derive(Clone)]
pub struct IdempotencyLayer {
    shared: Arc<Shared>,
}

/// What every call needs.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) cache: CacheHandle,
    pub(super) ring: KeyRing,
    pub(super) ledger: Option<Arc<dyn IdempotencyLedger>>,
    pub(super) settings: IdempotencySettings,
    pub(super) key_prefix: Arc<str>,
    pub(super) scope_from: fn(&Extensions) -> Option<CallerId>,
    pub(super) generator: Arc<dyn Fn() -> Uuid + Send + Sync>,
    /// One for each keyed write that may run.
    pub(super) running: Arc<Semaphore>,
    pub(super) running_shares: Arc<Shares<CallerId>>,
    /// One for each byte of a request's body.
    pub(super) reading_bytes: Arc<Semaphore>,
    /// The same for small bodies.
    pub(super) reading_small_bytes: Arc<Semaphore>,
    pub(super) reading_shares: Arc<Shares<CallerId>>,
    /// One for each byte that may wait for the cache to come back.
    pub(super) waiting_bytes: Arc<Semaphore>,
    pub(super) log: Arc<RefusalLog>,
    pub(super) counting: Arc<Counting>,
}

impl IdempotencyLayer {
    /// Claims keys in `cache`, and seals answers with `ring`. Scope is the [`Caller`] in the extensions of the request,
    /// whom [`ApiKeyLayer`](crate::ApiKeyLayer) leaves there.
    pub fn new(cache: CacheHandle, ring: KeyRing) -> Self {
        let settings = IdempotencySettings::default();
        let shared = Shared {
            cache,
            ring,
            ledger: None,
            settings,
            key_prefix: Arc::default(),
            scope_from: |extensions| extensions.get::<Caller>().map(|caller| caller.id().clone()),
            generator: Arc::new(Uuid::new_v4),
            running: permits(settings.max_running),
            running_shares: Shares::new(settings.running_of_one()),
            reading_bytes: permits(settings.reading_bytes()),
            reading_small_bytes: permits(settings.small_reading_bytes()),
            reading_shares: Shares::new(settings.reading_bytes_of_one()),
            waiting_bytes: permits(settings.max_waiting_bytes),
            log: Arc::default(),
            counting: Arc::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Asks `ledger` before a handler runs for a key that the cache does not know.
    #[must_use]
    pub fn ledger(self, ledger: Arc<dyn IdempotencyLedger>) -> Self {
        self.with(|shared| shared.ledger = Some(ledger))
    }

    /// Other limits. To be called before the layer is cloned or used: what runs already is counted by the old ones.
    #[must_use]
    pub fn settings(self, settings: IdempotencySettings) -> Self {
        self.with(|shared| {
            shared.settings = settings;
            shared.running = permits(settings.max_running);
            shared.running_shares = Shares::new(settings.running_of_one());
            shared.reading_bytes = permits(settings.reading_bytes());
            shared.reading_small_bytes = permits(settings.small_reading_bytes());
            shared.reading_shares = Shares::new(settings.reading_bytes_of_one());
            shared.waiting_bytes = permits(settings.max_waiting_bytes);
        })
    }

    /// What the keys in the cache begin with, without the colon; nothing by default. Services that share a cache and whose
    /// callers have the same names have one each. What was kept under another prefix is not found, and does not open.
    #[must_use]
    pub fn key_prefix(self, prefix: impl Into<Arc<str>>) -> Self {
        let prefix = prefix.into();
        self.with(|shared| shared.key_prefix = prefix)
    }

    /// Reads from the extensions of a request whose keys are meant. A keyed write of nobody is answered with 401.
    #[must_use]
    pub fn scope_from(self, scope_from: fn(&Extensions) -> Option<CallerId>) -> Self {
        self.with(|shared| shared.scope_from = scope_from)
    }

    /// Makes the names of claims with `generator`, in place of the randomness of the system. No two calls may have the same.
    #[must_use]
    pub fn with_generator(self, generator: impl Fn() -> Uuid + Send + Sync + 'static) -> Self {
        self.with(|shared| shared.generator = Arc::new(generator))
    }

    /// Ends when no keyed write runs, and no answer waits to be kept. For the end of a process, under a time-out: keyed writes
    /// that come meanwhile are refused.
    pub async fn idle(&self) {
        let all = u32::try_from(count(self.shared.settings.max_running)).unwrap_or(u32::MAX);
        drop(self.shared.running.acquire_many(all).await);
    }

    /// What was counted so far, over all services that this layer and its clones made.
    pub fn counters(&self) -> IdempotencyCounters {
        self.shared.counting.snapshot()
    }

    fn with(mut self, change: impl FnOnce(&mut Shared)) -> Self {
        change(Arc::make_mut(&mut self.shared));
        self
    }
}

impl Shared {
    /// The answer to a call that is refused; counted, and logged where it has to be.
    pub(super) fn refuse<B: From<Bytes>>(&self, refusal: Refusal) -> Response<B> {
        self.counting.refused(&refusal);
        self.log.tell(&refusal);
        refusal.into_response()
    }
}

impl<S> Layer<S> for IdempotencyLayer {
    type Service = Idempotent<S>;

    fn layer(&self, inner: S) -> Idempotent<S> {
        Idempotent::new(inner, Arc::clone(&self.shared))
    }
}

impl fmt::Debug for IdempotencyLayer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.shared.settings;
        formatter.debug_struct("IdempotencyLayer").field("settings", settings).finish_non_exhaustive()
    }
}

/// Takes from a bound without waiting; `None` when there is not as much left.
pub(super) fn reserve(semaphore: &Arc<Semaphore>, amount: usize) -> Option<OwnedSemaphorePermit> {
    let amount = u32::try_from(amount).ok()?;
    Arc::clone(semaphore).try_acquire_many_owned(amount).ok()
}

fn permits(number: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(count(number)))
}

/// What a semaphore can count, and can be asked for at once.
fn count(number: usize) -> usize {
    number.min(Semaphore::MAX_PERMITS).min(u32::MAX as usize)
}
