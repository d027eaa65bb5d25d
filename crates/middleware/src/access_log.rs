//! One line of the log for every request.

mod entry;
#[cfg(test)]
mod tests;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use domain::CallerId;
use http::{Extensions, Request, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use entry::Entry;

/// Logs one event for each request when the head of its answer is known: method, route, status, time taken in
/// milliseconds, id of the request, address of the client and id of the caller. Also for a request that failed, and for one that its caller
/// gave up.
///
/// Paths, queries and headers are never logged: they may hold keys and names. The route is its template, which only the
/// router knows, so the layer must stand behind the routing and be told where the template is. The id of the request
/// comes from [`RequestIdLayer`](crate::RequestIdLayer) in front of this layer, the caller from
/// [`ApiKeyLayer`](crate::ApiKeyLayer) behind it.
///
/// ```
/// # use std::convert::Infallible;
/// # use http::{Request, Response};
/// # use tower::{ServiceBuilder, ServiceExt, service_fn};
/// use middleware::AccessLogLayer;
///
/// #[derive(Clone)]
/// struct Template(&'static str);
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let layer = AccessLogLayer::new()
///     .route_from(|extensions| extensions.get::<Template>().map(|template| template.0.to_owned()))
///     .quiet(&["/health"]);
/// let service = ServiceBuilder::new().layer(layer)
///     .service(service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(()))));
/// # service.oneshot(Request::new(())).await.unwrap();
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct AccessLogLayer {
    route_of: RouteOf,
    quiet_paths: &'static [&'static str],
}

type RouteOf = fn(&Extensions) -> Option<String>;

/// The service that [`AccessLogLayer`] makes.
#[derive(Clone)]
pub struct AccessLog<S> {
    inner: S,
    layer: AccessLogLayer,
}

pin_project! {
    /// The answer of [`AccessLog`]. Dropped before it is there, it logs that the caller gave up.
    pub struct AccessLogFuture<F> {
        #[pin]
        inner: F,
        entry: Entry,
    }
}

impl AccessLogLayer {
    /// Logs at level `info`, without routes.
    pub fn new() -> Self {
        Self { route_of: |_| None, quiet_paths: &[] }
    }

    /// Takes the template of the route out of the extensions of the request.
    pub fn route_from(self, route_of: fn(&Extensions) -> Option<String>) -> Self {
        Self { route_of, ..self }
    }

    /// Logs requests for exactly these paths at level `debug`: probes come every few seconds.
    pub fn quiet(self, paths: &'static [&'static str]) -> Self {
        Self { quiet_paths: paths, ..self }
    }
}

impl Default for AccessLogLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for AccessLogLayer {
    type Service = AccessLog<S>;

    fn layer(&self, inner: S) -> AccessLog<S> {
        AccessLog { inner, layer: *self }
    }
}

impl<S: fmt::Debug> fmt::Debug for AccessLog<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AccessLog").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<S, RequestBody, ResponseBody> Service<Request<RequestBody>> for AccessLog<S>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>>,
{
    type Response = Response<ResponseBody>;
    type Error = S::Error;
    type Future = AccessLogFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        let is_quiet = self.layer.quiet_paths.contains(&request.uri().path());
        let entry = Entry::begin(&request, (self.layer.route_of)(request.extensions()), is_quiet);
        AccessLogFuture { inner: self.inner.call(request), entry }
    }
}

impl<F, ResponseBody, E> Future for AccessLogFuture<F>
where
    F: Future<Output = Result<Response<ResponseBody>, E>>,
{
    type Output = Result<Response<ResponseBody>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let outcome = ready!(this.inner.poll(context));
        match &outcome {
            Ok(response) => this.entry.answered(response.status(), response.extensions().get::<CallerId>()),
            Err(_) => this.entry.failed(),
        }
        Poll::Ready(outcome)
    }
}
