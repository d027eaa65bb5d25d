//! A span and a duration for every request. Neither holds a path, a query, a header or a body: those may hold keys
//! and secrets. The route template stands for the path.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use pin_project_lite::pin_project;
use tower::{Layer, Service};
use tracing::instrument::Instrumented;
use tracing::{Instrument, Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Bounds of the histogram in seconds, as the semantic conventions advise.
const BOUNDARIES: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// Wraps a request in a span that continues the caller's W3C trace, and records how long it took.
#[derive(Clone)]
pub(crate) struct RequestTelemetryLayer {
    duration: Histogram<f64>,
}

/// The service that [`RequestTelemetryLayer`] makes.
#[derive(Clone)]
pub(crate) struct RequestTelemetry<S> {
    inner: S,
    duration: Histogram<f64>,
}

pin_project! {
    /// The answer of [`RequestTelemetry`].
    pub(crate) struct MeasuredFuture<F> {
        #[pin]
        inner: Instrumented<F>,
        facts: Facts,
        duration: Histogram<f64>,
    }
}

/// What is known of a request before its answer.
struct Facts {
    started: Instant,
    method: &'static str,
    route: Option<MatchedPath>,
}

impl RequestTelemetryLayer {
    /// Records with an instrument of `meter`.
    pub(crate) fn new(meter: &Meter) -> Self {
        let duration = meter
            .f64_histogram("http.server.request.duration")
            .with_unit("s")
            .with_description("Duration of HTTP server requests.")
            .with_boundaries(BOUNDARIES.to_vec())
            .build();
        Self { duration }
    }
}

impl<S> Layer<S> for RequestTelemetryLayer {
    type Service = RequestTelemetry<S>;

    fn layer(&self, inner: S) -> RequestTelemetry<S> {
        RequestTelemetry { inner, duration: self.duration.clone() }
    }
}

impl<S> Service<Request> for RequestTelemetry<S>
where
    S: Service<Request, Response = Response>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = MeasuredFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let facts = Facts {
            started: Instant::now(),
            method: method_name(request.method()),
            route: request.extensions().get().cloned(),
        };
        let span = facts.span(&request);
        let inner = span.in_scope(|| self.inner.call(request));
        MeasuredFuture { inner: inner.instrument(span), facts, duration: self.duration.clone() }
    }
}

impl<F, E> Future for MeasuredFuture<F>
where
    F: Future<Output = Result<Response, E>>,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let response = ready!(this.inner.as_mut().poll(context))?;
        this.facts.record(response.status(), this.inner.span(), this.duration);
        Poll::Ready(Ok(response))
    }
}

impl Facts {
    /// Without a collector there is none, and nothing is read for it.
    fn span(&self, request: &Request) -> Span {
        let span = request_span(self.method, self.route.as_ref().map(MatchedPath::as_str));
        if !span.is_disabled() {
            let parent = TraceContextPropagator::new().extract(&Headers(request.headers()));
            // Fails only where no collector is configured.
            let _ = span.set_parent(parent);
        }
        span
    }

    fn record(&self, status: StatusCode, span: &Span, duration: &Histogram<f64>) {
        span.record("http.response.status_code", status.as_u16());
        if status.is_server_error() {
            span.record("otel.status_code", "ERROR");
        }
        let mut attributes = vec![
            KeyValue::new("http.request.method", self.method),
            KeyValue::new("http.response.status_code", i64::from(status.as_u16())),
        ];
        attributes
            .extend(self.route.as_ref().map(|route| KeyValue::new("http.route", route.as_str().to_owned())));
        duration.record(self.started.elapsed().as_secs_f64(), &attributes);
    }
}

fn request_span(method: &'static str, route: Option<&str>) -> Span {
    tracing::info_span!(
        "request",
        // Put together only where there is a collector.
        otel.name = %Name { method, route },
        otel.kind = "server",
        otel.status_code = field::Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = field::Empty,
    )
}

/// Method and route, as the semantic conventions name a span.
struct Name<'a> {
    method: &'static str,
    route: Option<&'a str>,
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.route {
            Some(route) => write!(formatter, "{} {route}", self.method),
            None => formatter.write_str(self.method),
        }
    }
}

/// Callers may invent methods; a figure for each would never end.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}
