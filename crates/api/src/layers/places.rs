//! A limit on how many requests there may be at once.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use pin_project_lite::pin_project;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::{Layer, Service};

use crate::error::ApiError;

/// Refuses a request while as many as may be are at work: to be told at once is better than to wait in a queue that
/// the client leaves before its turn.
#[derive(Debug, Clone)]
pub(crate) struct PlacesLayer {
    places: Arc<Semaphore>,
}

/// The service that [`PlacesLayer`] makes.
#[derive(Debug, Clone)]
pub(crate) struct Places<S> {
    inner: S,
    places: Arc<Semaphore>,
}

pin_project! {
    /// The answer of [`Places`]; it holds its place until it is there.
    #[project = PlaceFutureProjection]
    pub(crate) enum PlaceFuture<F> {
        Refused { response: Response },
        AtWork { #[pin] answer: F, place: OwnedSemaphorePermit },
    }
}

impl PlacesLayer {
    pub(crate) fn new(count: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(count)) }
    }
}

impl<S> Layer<S> for PlacesLayer {
    type Service = Places<S>;

    fn layer(&self, inner: S) -> Places<S> {
        Places { inner, places: Arc::clone(&self.places) }
    }
}

impl<S> Service<Request> for Places<S>
where
    S: Service<Request, Response = Response>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = PlaceFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => PlaceFuture::AtWork { answer: self.inner.call(request), place },
            Err(_all_taken) => PlaceFuture::Refused { response: ApiError::Overloaded.into_response() },
        }
    }
}

impl<F, E> Future for PlaceFuture<F>
where
    F: Future<Output = Result<Response, E>>,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            PlaceFutureProjection::Refused { response } => Poll::Ready(Ok(std::mem::take(response))),
            PlaceFutureProjection::AtWork { answer, .. } => answer.poll(context),
        }
    }
}
