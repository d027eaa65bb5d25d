//! The service that the layer puts in front of another.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use domain::{BoxError, Fingerprint, WriteKey};
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tower::Service;
use tracing::Instrument as _;

use super::body;
use super::keyed_write::KeyedWrite;
use super::layer::{Shared, reserve};
use super::refusal::Refusal;
use super::request_key::{RequestKey, has_key};
use super::run::{Outcome, Run};

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
            // The clone is not known to be ready; the one that was asked is taken along, past the claim.
            let next = self.inner.clone();
            let ready = std::mem::replace(&mut self.inner, next);
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
    let (write, request, permit) = match admit(&shared, request).await {
        Ok(admitted) => admitted,
        Err(refusal) => return Ok(refusal.answer()),
    };
    let (sender, outcome) = oneshot::channel();
    let run = Run::new(shared, write, sender);
    let task = async move {
        run.run(ready, request).await;
        drop(permit);
    };
    tokio::spawn(task.in_current_span());
    // No outcome comes when the runtime shuts down.
    outcome.await.unwrap_or(Outcome::Refused(Refusal::Unfinished)).into_result()
}

/// Reads who writes what, and leaves the handler the request as it came.
async fn admit<Q>(
    shared: &Shared,
    request: Request<Q>,
) -> Result<(KeyedWrite, Request<Q>, OwnedSemaphorePermit), Refusal>
where
    Q: Body + From<Bytes>,
    Q::Error: Into<BoxError>,
{
    let RequestKey { key, ttl } = RequestKey::read(request.headers(), &shared.settings)?;
    let caller = (shared.scope_from)(request.extensions()).ok_or(Refusal::NoCaller)?;
    let (mut parts, body) = request.into_parts();
    let body = body::read(body, shared.settings.max_request_bytes).await?;
    // Only now: a body that comes slowly must not keep others out.
    let permit = reserve(&shared.running, 1).ok_or(Refusal::Busy)?;
    let query = parts.uri.query().unwrap_or_default();
    let fingerprint = Fingerprint::of_request(parts.method.as_str(), parts.uri.path(), query, &body);
    let write = KeyedWrite::new(
        WriteKey { caller, key },
        fingerprint,
        (shared.generator)(),
        ttl,
        shared.ring.clone(),
        shared.settings.max_answer_bytes,
    );
    parts.extensions.insert(write.clone());
    Ok((write, Request::from_parts(parts, Q::from(body)), permit))
}
