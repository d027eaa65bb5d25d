//! The service that the layer puts in front of another.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use domain::{BoxError, CallerId, Fingerprint, WriteKey};
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tower::Service;
use tracing::Instrument as _;

use super::body::{self, Reserved};
use super::keyed_write::KeyedWrite;
use super::layer::{Shared, reserve};
use super::refusal::Refusal;
use super::request_key::{RequestKey, has_key};
use super::run::{Outcome, Run};
use crate::shares::Share;
use crate::take_ready::take_ready;

/// Does a write with a key once; made by [`IdempotencyLayer`](super::IdempotencyLayer).
#[derive(Clone)]
pub struct Idempotent<S> {
    inner: S,
    shared: Arc<Shared>,
}

pin_project! {
    /// The answer of [`Idempotent`].
    pub struct IdempotencyFuture<F, B, E> {
        #[pin]
        state: State<F, B, E>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, B, E> {
        /// There is no key: nothing is added.
        Passed { #[pin] inner: F },
        Keyed { inner: Pin<Box<dyn Future<Output = Result<Response<B>, E>> + Send>> },
    }
}

impl<S> Idempotent<S> {
    pub(super) fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
    }
}

impl<S: fmt::Debug> fmt::Debug for Idempotent<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Idempotent").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<S, Q, B> Service<Request<Q>> for Idempotent<S>
where
    S: Service<Request<Q>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send + 'static,
    Q: Body + From<Bytes> + Send + 'static,
    Q::Data: Send,
    Q::Error: Into<BoxError>,
    B: Body + From<Bytes> + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = IdempotencyFuture<S::Future, B, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let state = if has_key(request.method(), request.headers()) {
            // Past the claim.
            let ready = take_ready(&mut self.inner);
            State::Keyed { inner: Box::pin(keyed(Arc::clone(&self.shared), ready, request)) }
        } else {
            State::Passed { inner: self.inner.call(request) }
        };
        IdempotencyFuture { state }
    }
}

impl<F, B, E> Future for IdempotencyFuture<F, B, E>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Passed { inner } => inner.poll(context),
            StateProjection::Keyed { inner } => inner.as_mut().poll(context),
        }
    }
}

async fn keyed<S, Q, B>(shared: Arc<Shared>, ready: S, request: Request<Q>) -> Result<Response<B>, S::Error>
where
    S: Service<Request<Q>, Response = Response<B>> + Send + 'static,
    S::Future: Send,
    S::Error: Send + 'static,
    Q: Body + From<Bytes> + Send + 'static,
    Q::Error: Into<BoxError>,
    B: Body + From<Bytes> + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let Admitted { write, request, reserved, place } = match admit(&shared, request).await {
        Ok(admitted) => admitted,
        Err(refusal) => return Ok(shared.refuse(refusal)),
    };
    let (sender, outcome) = oneshot::channel();
    let run = Run::new(Arc::clone(&shared), write, sender);
    let task = async move {
        run.run(ready, request, reserved).await;
        drop(place);
    };
    // Boxed: the runtime moves what it is given several times, and this is large.
    tokio::spawn(Box::pin(task.in_current_span()));
    // No outcome comes when the runtime shuts down.
    outcome.await.unwrap_or(Outcome::Refused(Refusal::Unfinished)).into_result(&shared)
}

/// A write that may run.
struct Admitted<Q> {
    write: KeyedWrite,
    request: Request<Q>,
    reserved: Reserved,
    /// Among those that run: of all, and of its caller.
    place: (OwnedSemaphorePermit, Share<CallerId>),
}

/// Reads who writes what, and leaves the handler the request as it came.
async fn admit<Q>(shared: &Shared, request: Request<Q>) -> Result<Admitted<Q>, Refusal>
where
    Q: Body + From<Bytes>,
    Q::Error: Into<BoxError>,
{
    let RequestKey { key, ttl } = RequestKey::read(request.headers(), &shared.settings)?;
    let caller = (shared.scope_from)(request.extensions()).ok_or(Refusal::NoCaller)?;
    // The share of the caller before its body: one that sends slowly keeps nobody out but itself.
    let running_share = shared.running_shares.take(&caller, 1).ok_or(Refusal::Busy)?;
    let (mut parts, body) = request.into_parts();
    let limit = shared.settings.max_request_bytes;
    let mut reserved = reserve_bytes(shared, &caller, body::announced(&body, limit)?).ok_or(Refusal::Busy)?;
    let body = body::read(body, limit, shared.settings.body_time).await?;
    reserved.shrink(body.len());
    // The place among all only now, for the same reason.
    let place = (reserve(&shared.running, 1).ok_or(Refusal::Busy)?, running_share);
    let query = parts.uri.query().unwrap_or_default();
    let fingerprint = Fingerprint::of_request(parts.method.as_str(), parts.uri.path(), query, &body);
    let write = KeyedWrite::new(WriteKey { caller, key }, fingerprint, ttl, shared);
    parts.extensions.insert(write.clone());
    Ok(Admitted { write, request: Request::from_parts(parts, Q::from(body)), reserved, place })
}

fn reserve_bytes(shared: &Shared, caller: &CallerId, amount: usize) -> Option<Reserved> {
    let of_caller = shared.reading_shares.take(caller, amount)?;
    let is_small = amount <= shared.settings.small_request_bytes;
    let room = if is_small { &shared.reading_small_bytes } else { &shared.reading_bytes };
    Some(Reserved { all: reserve(room, amount)?, of_caller })
}
