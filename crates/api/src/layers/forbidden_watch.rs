//! Tells of callers that are known and may not do what they ask for.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::response::Response;
use domain::{CallerId, RefusalWatch};
use http::{Request, StatusCode};
use middleware::ClientAddress;
use pin_project_lite::pin_project;
use tenancy::Refusal;
use tower::{Layer, Service};

use crate::error::{ApiError, Failure};

/// Stands outside of the layer that finds out who calls, which leaves the caller's name in the answer.
#[derive(Clone)]
pub(crate) struct ForbiddenWatchLayer(pub(crate) Arc<dyn RefusalWatch>);

/// The service that [`ForbiddenWatchLayer`] makes.
#[derive(Clone)]
pub(crate) struct ForbiddenWatch<S> {
    inner: S,
    watch: Arc<dyn RefusalWatch>,
}

pin_project! {
    /// The answer of [`ForbiddenWatch`].
    pub(crate) struct ForbiddenWatchFuture<F> {
        #[pin]
        inner: F,
        address: Option<IpAddr>,
        watch: Arc<dyn RefusalWatch>,
    }
}

impl<S> Layer<S> for ForbiddenWatchLayer {
    type Service = ForbiddenWatch<S>;

    fn layer(&self, inner: S) -> ForbiddenWatch<S> {
        ForbiddenWatch { inner, watch: Arc::clone(&self.0) }
    }
}

impl<S, Body> Service<Request<Body>> for ForbiddenWatch<S>
where
    S: Service<Request<Body>, Response = Response>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = ForbiddenWatchFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let address = ClientAddress::of(request.extensions());
        ForbiddenWatchFuture { address, watch: Arc::clone(&self.watch), inner: self.inner.call(request) }
    }
}

impl<F, E> Future for ForbiddenWatchFuture<F>
where
    F: Future<Output = Result<Response, E>>,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.inner.poll(context))?;
        if let Some(caller) = forbidden(&response) {
            this.watch.forbidden(*this.address, caller);
        }
        Poll::Ready(Ok(response))
    }
}

/// Who was refused for want of a permission. The 403 of a suspended tenant is no such refusal.
fn forbidden(response: &Response) -> Option<&CallerId> {
    if response.status() != StatusCode::FORBIDDEN {
        return None;
    }
    let Failure(error) = response.extensions().get()?;
    let is_forbidden = match error.as_ref() {
        ApiError::Forbidden { .. } => true,
        ApiError::Refused(refusal) => matches!(refusal.as_ref(), Refusal::NotGranted(_) | Refusal::Bound(_)),
        _ => false,
    };
    response.extensions().get().filter(|_| is_forbidden)
}
