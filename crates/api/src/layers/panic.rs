//! The answer to a request whose handler panicked.
//!
//! As `CatchPanic` of tower-http, which boxes the body of every answer, also of those to whom nothing happened.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::error::ApiError;

/// Turns a panic into an opaque 500; the text of the panic goes to the log only.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PanicLayer;

/// The service that [`PanicLayer`] makes.
#[derive(Debug, Clone)]
pub(crate) struct PanicGuard<S> {
    inner: S,
}

pin_project! {
    /// The answer of [`PanicGuard`].
    #[project = GuardedFutureProjection]
    pub(crate) enum GuardedFuture<F> {
        Panicked { response: Response },
        AtWork { #[pin] answer: F },
    }
}

impl<S> Layer<S> for PanicLayer {
    type Service = PanicGuard<S>;

    fn layer(&self, inner: S) -> PanicGuard<S> {
        PanicGuard { inner }
    }
}

impl<S> Service<Request> for PanicGuard<S>
where
    S: Service<Request, Response = Response>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = GuardedFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // Nothing that was half done when the panic came is used again: the service is dropped with the request.
        match catch_unwind(AssertUnwindSafe(|| self.inner.call(request))) {
            Ok(answer) => GuardedFuture::AtWork { answer },
            Err(panic) => GuardedFuture::Panicked { response: response(&*panic) },
        }
    }
}

impl<F, E> Future for GuardedFuture<F>
where
    F: Future<Output = Result<Response, E>>,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            GuardedFutureProjection::Panicked { response } => Poll::Ready(Ok(std::mem::take(response))),
            GuardedFutureProjection::AtWork { answer } => {
                catch_unwind(AssertUnwindSafe(|| answer.poll(context)))
                    .unwrap_or_else(|panic| Poll::Ready(Ok(response(&*panic))))
            }
        }
    }
}

fn response(panic: &(dyn Any + Send)) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a value that is no text");
    ApiError::Panicked(text.to_owned()).into_response()
}
