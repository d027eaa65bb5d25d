//! Gives every request a name that the caller, the log and the answer share.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{HeaderName, HeaderValue, Request, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};
use uuid::Uuid;

/// The header that holds the id, in the request and in the answer.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const MAX_LENGTH: usize = 128;

/// The id of a request: 1 to 128 letters, digits or `-_.:/+=`, so that it can stand in a log as it is. Found in the
/// extensions of the request and of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

/// Takes the id that the caller sent in `X-Request-Id`, or makes one when there is none that is safe to log, and sends it
/// back in the same header of the answer.
///
/// ```
/// # use std::convert::Infallible;
/// # use http::{Request, Response};
/// # use tower::{ServiceBuilder, ServiceExt, service_fn};
/// use middleware::{RequestId, RequestIdLayer};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let service = ServiceBuilder::new().layer(RequestIdLayer::new()).service(service_fn(async |request: Request<()>| {
///     assert_eq!(request.extensions().get::<RequestId>().unwrap().as_str(), "abc-1");
///     Ok::<_, Infallible>(Response::new(()))
/// }));
/// let response = service.oneshot(Request::get("/").header("X-Request-Id", "abc-1").body(()).unwrap()).await.unwrap();
/// assert_eq!(response.headers()["x-request-id"], "abc-1");
/// # }
/// ```
#[derive(Clone)]
pub struct RequestIdLayer {
    generator: Arc<dyn Fn() -> Uuid + Send + Sync>,
}

/// The service that [`RequestIdLayer`] makes.
#[derive(Clone)]
pub struct SetRequestId<S> {
    inner: S,
    generator: Arc<dyn Fn() -> Uuid + Send + Sync>,
}

pin_project! {
    /// The answer of [`SetRequestId`].
    pub struct RequestIdFuture<F> {
        #[pin]
        inner: F,
        request_id: RequestId,
    }
}

impl RequestId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        // Only visible ASCII gets in.
        self.0.to_str().unwrap_or_default()
    }

    /// What the caller sent, if it is safe; of several headers the first counts.
    fn sent(value: &HeaderValue) -> Option<Self> {
        let is_safe = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte);
        let bytes = value.as_bytes();
        ((1..=MAX_LENGTH).contains(&bytes.len()) && bytes.iter().all(is_safe)).then(|| Self(value.clone()))
    }

    fn made(uuid: Uuid) -> Self {
        let text = uuid.hyphenated().to_string();
        // Hex digits and dashes are always a header value.
        Self(HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("none")))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl RequestIdLayer {
    /// Makes random ids (UUID version 4) with the randomness of the system.
    pub fn new() -> Self {
        Self::with_generator(Uuid::new_v4)
    }

    /// Makes ids with `generator`.
    pub fn with_generator(generator: impl Fn() -> Uuid + Send + Sync + 'static) -> Self {
        Self { generator: Arc::new(generator) }
    }
}

impl Default for RequestIdLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RequestIdLayer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RequestIdLayer").finish_non_exhaustive()
    }
}

impl<S> Layer<S> for RequestIdLayer {
    type Service = SetRequestId<S>;

    fn layer(&self, inner: S) -> SetRequestId<S> {
        SetRequestId { inner, generator: Arc::clone(&self.generator) }
    }
}

impl<S: fmt::Debug> fmt::Debug for SetRequestId<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SetRequestId").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<S, RequestBody, ResponseBody> Service<Request<RequestBody>> for SetRequestId<S>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>>,
{
    type Response = Response<ResponseBody>;
    type Error = S::Error;
    type Future = RequestIdFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<RequestBody>) -> Self::Future {
        let sent = request.headers().get(X_REQUEST_ID).and_then(RequestId::sent);
        let request_id = sent.unwrap_or_else(|| RequestId::made((self.generator)()));
        // Whoever reads the header behind this layer gets the same id.
        request.headers_mut().insert(X_REQUEST_ID, request_id.0.clone());
        request.extensions_mut().insert(request_id.clone());
        RequestIdFuture { inner: self.inner.call(request), request_id }
    }
}

impl<F, ResponseBody, E> Future for RequestIdFuture<F>
where
    F: Future<Output = Result<Response<ResponseBody>, E>>,
{
    type Output = Result<Response<ResponseBody>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(context))?;
        response.headers_mut().insert(X_REQUEST_ID, this.request_id.0.clone());
        response.extensions_mut().insert(this.request_id.clone());
        Poll::Ready(Ok(response))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::convert::Infallible;
    use tower::{ServiceExt, service_fn};

    const MADE: &str = "00000000-0000-0000-0000-000000000007";

    /// The id as the service behind sees it and as the caller gets it.
    async fn ids(request: Request<()>) -> (String, String) {
        let inner = service_fn(async |request: Request<()>| {
            let id = request.extensions().get::<RequestId>().unwrap();
            assert_eq!(request.headers().get_all(X_REQUEST_ID).iter().count(), 1);
            assert_eq!(request.headers()[X_REQUEST_ID], id.as_str());
            Ok::<_, Infallible>(Response::new(id.to_string()))
        });
        let layer = RequestIdLayer::with_generator(|| Uuid::from_u128(7));
        let response = layer.layer(inner).oneshot(request).await.unwrap();
        let back = response.headers()[X_REQUEST_ID].to_str().unwrap().to_owned();
        assert_eq!(response.extensions().get::<RequestId>().unwrap().as_str(), back);
        (response.into_body(), back)
    }

    #[tokio::test]
    async fn a_safe_id_is_kept() {
        for id in ["a", "abc-1_2.3:4/5+6=", &"x".repeat(128)] {
            let request = Request::get("/").header("X-Request-Id", id).body(()).unwrap();
            assert_eq!(ids(request).await, (id.to_owned(), id.to_owned()));
        }
    }

    #[tokio::test]
    async fn without_a_safe_id_one_is_made() {
        assert_eq!(ids(Request::new(())).await, (MADE.to_owned(), MADE.to_owned()));
        for id in [b"".as_slice(), b"a b", b"a\"b", b"a%0a", b"caf\xe9", &[b'x'; 129]] {
            let value = HeaderValue::from_bytes(id).unwrap();
            let request = Request::get("/").header("x-request-id", value).body(()).unwrap();
            assert_eq!(ids(request).await.1, MADE);
        }
    }

    #[tokio::test]
    async fn made_ids_differ() {
        let service = RequestIdLayer::new()
            .layer(service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(()))));
        let one = service.clone().oneshot(Request::new(())).await.unwrap();
        let other = service.oneshot(Request::new(())).await.unwrap();
        assert_ne!(one.headers()[X_REQUEST_ID], other.headers()[X_REQUEST_ID]);
    }

    proptest! {
        #[test]
        fn any_header_is_kept_as_it_is_or_not_at_all(bytes in any::<Vec<u8>>(), near in "[A-Za-z0-9_.:/+= -]{0,140}") {
            for bytes in [bytes.as_slice(), near.as_bytes()] {
                let Ok(value) = HeaderValue::from_bytes(bytes) else { continue };
                if let Some(id) = RequestId::sent(&value) {
                    prop_assert_eq!(id.as_str().as_bytes(), bytes);
                    prop_assert!(bytes.len() <= MAX_LENGTH && !id.as_str().contains([' ', '"', '%']));
                }
            }
        }
    }
}
