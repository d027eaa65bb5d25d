//! The protocol, on the embedded cache where the answers matter and on a scripted one where failures do.

mod answers;
mod bounds;
mod life;
mod outage;
mod readiness;
mod situations;
mod with_ledger;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use cache::{Cache, CacheClient, CacheHandle, MockCache};
use domain::{Caller, CallerId, Scopes};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use seal::{KeyRing, SealingKey};
use tokio::sync::Semaphore;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};

use super::*;

/// Where the writes of these tests are remembered.
const PLACE: &[u8] = b"idempotency:key-1:order-17";

type Answer = Response<Bytes>;
type Handler = BoxCloneSyncService<Request<Full<Bytes>>, Response<Full<Bytes>>, BoxError>;

fn ring() -> KeyRing {
    KeyRing::new(SealingKey::from_bytes([7; 32]), [])
}

fn request(method: &str, uri: &str, key: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let caller = Caller::new("key-1".into(), Scopes::default());
    let request = Request::builder().method(method).uri(uri).header("X-Idempotency", key).extension(caller);
    request.body(Full::new(body.into())).unwrap()
}

/// The write that most tests send, once or again.
fn write() -> Request<Full<Bytes>> {
    request("POST", "/orders", "order-17", "{}")
}

/// Reads an answer whole.
async fn whole(response: Response<Full<Bytes>>) -> Answer {
    let (parts, body) = response.into_parts();
    Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

async fn send(service: &Handler, request: Request<Full<Bytes>>) -> Answer {
    whole(service.clone().oneshot(request).await.unwrap()).await
}

/// The layer in front of a handler.
fn behind<S>(layer: &IdempotencyLayer, handler: S) -> Handler
where
    S: Service<Request<Full<Bytes>>, Response = Response<Full<Bytes>>> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Error: Into<BoxError> + Send + 'static,
{
    BoxCloneSyncService::new(layer.layer(handler).map_err(Into::into))
}

/// A handler that says how often it ran, and may be held up.
#[derive(Clone)]
struct Counting {
    runs: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
    status: StatusCode,
}

impl Counting {
    /// Runs through.
    fn new() -> Self {
        Self::with_permits(Semaphore::MAX_PERMITS)
    }

    /// Stops in the middle of a run until it is let on.
    fn held_up() -> Self {
        Self::with_permits(0)
    }

    fn with_permits(permits: usize) -> Self {
        let gate = Arc::new(Semaphore::new(permits));
        Self { runs: Arc::default(), gate, status: StatusCode::CREATED }
    }

    fn answering(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    fn let_on(&self) {
        self.gate.add_permits(1);
    }

    fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }

    fn behind(&self, layer: &IdempotencyLayer) -> Handler {
        let this = self.clone();
        behind(
            layer,
            service_fn(move |_request: Request<Full<Bytes>>| {
                let this = this.clone();
                async move { this.answer().await }
            }),
        )
    }

    /// One run.
    async fn answer(&self) -> Result<Response<Full<Bytes>>, Infallible> {
        let run = self.runs.fetch_add(1, Ordering::SeqCst) + 1;
        self.gate.acquire().await.unwrap().forget();
        let answer = Response::builder().status(self.status).header("x-run", run);
        Ok(answer.body(Full::from(format!("run {run}"))).unwrap())
    }
}

/// A layer on a cache that works.
struct Working {
    cache: Cache,
    layer: IdempotencyLayer,
}

impl Working {
    fn new() -> Self {
        let cache = Cache::embedded();
        let layer = IdempotencyLayer::new(CacheHandle::connected(cache.clone()), ring());
        Self { cache, layer }
    }

    fn with_settings(settings: IdempotencySettings) -> Self {
        let Self { cache, layer } = Self::new();
        Self { cache, layer: layer.settings(settings) }
    }

    /// What the cache holds, as JSON; `Null` for nothing.
    async fn standing(&self) -> serde_json::Value {
        self.cache.find(PLACE).await.unwrap().unwrap_or_default()
    }
}

/// A layer on a cache that answers by a script.
fn on_mock(mock: MockCache) -> (Arc<MockCache>, IdempotencyLayer) {
    let mock = Arc::new(mock);
    let handle = CacheHandle::connected(Cache::Mock(Arc::clone(&mock)));
    (mock, IdempotencyLayer::new(handle, ring()))
}

/// Waits until it is so; fails after ten seconds, real ones or those of a paused clock.
async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(10), waiting).await.is_ok(), "in vain: {what}");
}

fn code(answer: &Answer) -> String {
    let json: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
    json["code"].as_str().unwrap().to_owned()
}

#[track_caller]
fn assert_refused(answer: &Answer, status: StatusCode, expected: &str) {
    assert_eq!((answer.status(), code(answer).as_str()), (status, expected));
    assert_eq!(answer.headers()["content-type"], "application/json");
}

#[track_caller]
fn assert_unavailable(answer: &Answer) {
    assert_refused(answer, StatusCode::SERVICE_UNAVAILABLE, "IDEMPOTENCY_UNAVAILABLE");
    assert_eq!(answer.headers()["retry-after"], "1");
}

#[track_caller]
fn assert_replayed(answer: &Answer, is_replayed: bool) {
    let expected = is_replayed.then(|| http::HeaderValue::from_static("true"));
    assert_eq!(answer.headers().get("x-idempotency-replayed"), expected.as_ref());
}

fn caller_id(id: &str) -> CallerId {
    id.into()
}
