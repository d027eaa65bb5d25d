//! Bodies on the way in and out, and what is kept of them.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use cache::{EmbeddedCache, EmbeddedLimits};
use http::HeaderValue;
use http_body::{Body, Frame, SizeHint};

use super::*;

const MIB: usize = 1024 * 1024;

/// A body in pieces, which may break off, and may say how large it is.
#[derive(Default)]
struct Pieces {
    left: VecDeque<Result<Bytes, io::Error>>,
    size: Option<u64>,
}

impl Pieces {
    fn of(pieces: impl IntoIterator<Item = &'static str>) -> Self {
        Self { left: pieces.into_iter().map(|piece| Ok(piece.into())).collect(), size: None }
    }

    fn then(mut self, piece: Result<Bytes, io::Error>) -> Self {
        self.left.push_back(piece);
        self
    }

    fn saying(self, size: u64) -> Self {
        Self { size: Some(size), ..self }
    }
}

impl From<Bytes> for Pieces {
    fn from(bytes: Bytes) -> Self {
        Self { size: Some(bytes.len() as u64), left: [Ok(bytes)].into() }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(self.left.pop_front().map(|piece| piece.map(Frame::data)))
    }

    fn size_hint(&self) -> SizeHint {
        self.size.map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}

fn broken() -> io::Error {
    io::Error::other("broken off")
}

/// A write whose body comes in pieces, behind a handler that answers with what it got.
async fn echo(working: &Working, body: Pieces) -> Response<Pieces> {
    let handler = service_fn(async |request: Request<Pieces>| {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        Ok::<_, Infallible>(Response::new(Pieces::from(body)))
    });
    working.layer.layer(handler).oneshot(write().map(|_| body)).await.unwrap()
}

/// A write behind a handler that answers with a body in pieces.
async fn answer_with(working: &Working, body: Pieces) -> Response<Pieces> {
    let body = Arc::new(std::sync::Mutex::new(Some(body)));
    let handler = service_fn(move |_request: Request<Pieces>| {
        let body = body.lock().unwrap().take().unwrap();
        std::future::ready(Ok::<_, Infallible>(Response::builder().status(201).body(body).unwrap()))
    });
    let request = write().map(|_| Pieces::from(Bytes::from_static(b"{}")));
    working.layer.layer(handler).oneshot(request).await.unwrap()
}

async fn read(response: Response<Pieces>) -> Answer {
    let (parts, body) = response.into_parts();
    Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

#[tokio::test]
async fn the_handler_gets_the_request_as_it_came() {
    let working = Working::new();
    for (index, body) in
        [Pieces::default(), Pieces::of(["a", "", "b"]), Pieces::of(["ab"]).saying(2)].into_iter().enumerate()
    {
        let handler = service_fn(async |request: Request<Pieces>| {
            assert_eq!(
                (request.method().as_str(), request.uri().to_string()),
                ("PATCH", "/a?b=c".to_owned())
            );
            assert_eq!(request.headers()["x-other"], "1");
            assert_eq!(request.headers()["x-idempotency"], "k");
            assert!(request.extensions().get::<Caller>().is_some());
            let body = request.into_body().collect().await.unwrap().to_bytes();
            Ok::<_, Infallible>(Response::new(Pieces::from(body)))
        });
        let mut request = request("PATCH", "/a?b=c", "k", "").map(|_| body);
        request.headers_mut().insert("x-other", HeaderValue::from_static("1"));
        request.extensions_mut().insert(Caller::new(caller_id(&index.to_string()), Scopes::default()));
        let answer = read(working.layer.layer(handler).oneshot(request).await.unwrap()).await;
        assert_eq!(answer.body(), ["", "ab", "ab"][index]);
    }
}

#[tokio::test]
async fn a_body_may_be_one_mebibyte_and_no_more() {
    let full = Bytes::from(vec![b'x'; MIB]);
    for said in [None, Some(MIB as u64)] {
        let body = Pieces { left: [Ok(full.clone())].into(), size: said };
        assert_eq!(read(echo(&Working::new(), body).await).await.body(), &full);
        let body =
            Pieces { left: [Ok(full.clone()), Ok("x".into())].into(), size: said.map(|size| size + 1) };
        let answer = read(echo(&Working::new(), body).await).await;
        assert_refused(&answer, StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_or_meets_an_outer_limit_claims_nothing() {
    let working = Working::new();
    let answer = read(echo(&working, Pieces::of(["a"]).then(Err(broken()))).await).await;
    assert_refused(&answer, StatusCode::BAD_REQUEST, "VALIDATION_ERROR");

    // Stands for a limit in front that is lower than ours.
    let limited = write().map(|_| Outer(http_body_util::Limited::new(Pieces::of(["abc"]), 2)));
    let handler = service_fn(async |_: Request<Outer>| Ok::<_, Infallible>(Response::new(Pieces::default())));
    let answer = read(working.layer.layer(handler).oneshot(limited).await.unwrap()).await;
    assert_refused(&answer, StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE");
    assert_eq!(working.standing().await, serde_json::Value::Null);
}

#[tokio::test]
async fn an_answer_comes_back_to_the_byte() {
    let working = Working::new();
    let bytes: Vec<u8> = (0..=255).cycle().take(MIB).collect();
    let expected = Bytes::from(bytes);
    let body = expected.clone();
    let handler = service_fn(move |_request: Request<Full<Bytes>>| {
        let answer = Response::builder()
            .status(202)
            .header("Content-Type", "application/octet-stream")
            .header("Link", "<a>")
            .header("Link", "<b>")
            .header("X-Bytes", HeaderValue::from_bytes(b"caf\xe9").unwrap())
            .header("X-Request-Id", "first")
            .header("X-RateLimit-Remaining", "4")
            .body(Full::from(body.clone()));
        std::future::ready(Ok::<_, Infallible>(answer.unwrap()))
    });
    let service = behind(&working.layer, handler);
    let first = send(&service, write()).await;
    assert_eq!((first.headers().len(), first.body()), (6, &expected));
    let again = send(&service, write()).await;
    assert_eq!((again.status(), again.body()), (StatusCode::ACCEPTED, &expected));
    let mut headers = first.headers().clone();
    headers.remove("x-request-id");
    headers.remove("x-ratelimit-remaining");
    headers.insert("x-idempotency-replayed", HeaderValue::from_static("true"));
    assert_eq!(again.headers(), &headers);
}

#[tokio::test]
async fn a_stream_and_a_large_answer_are_handed_on_and_not_kept() {
    let large = || Pieces::from(Bytes::from(vec![b'x'; MIB + 1]));
    for (body, length) in [(Pieces::of(["a", "b", "c"]), 3), (large(), MIB + 1)] {
        let working = Working::new();
        let said = body.size;
        let first = answer_with(&working, body).await;
        assert_eq!((first.status(), first.body().size), (StatusCode::CREATED, said));
        assert_eq!(first.into_body().collect().await.unwrap().to_bytes().len(), length);
        let again = read(answer_with(&working, Pieces::of(["second"])).await).await;
        assert_refused(&again, StatusCode::CONFLICT, "IDEMPOTENCY_NOT_REPLAYABLE");
        assert_replayed(&again, true);
        assert_eq!(working.standing().await.get("response"), None);
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error_and_the_write_is_done() {
    let working = Working::new();
    let body = Pieces::of(["a"]).then(Err(broken())).saying(9);
    let answer = read(answer_with(&working, body).await).await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!answer.body().windows(6).any(|window| window == b"broken"));
    let again = read(answer_with(&working, Pieces::of(["second"])).await).await;
    assert_refused(&again, StatusCode::CONFLICT, "IDEMPOTENCY_NOT_REPLAYABLE");
}

#[tokio::test]
async fn what_the_cache_holds_shows_nothing_and_opens_in_one_place_only() {
    let working = Working::new();
    let secret = service_fn(async |_: Request<Full<Bytes>>| {
        let answer =
            Response::builder().header("X-Secret", "in-a-header").body(Full::from("the-new-api-key"));
        Ok::<_, Infallible>(answer.unwrap())
    });
    let service = behind(&working.layer, secret);
    send(&service, write()).await;
    let standing = working.cache.get(PLACE).await.unwrap();
    let record = record::Record::read(&standing).unwrap();
    for bytes in [standing.to_vec(), record.sealed_answer().unwrap()] {
        for text in ["api-key", "in-a-header", "secret"] {
            assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{text}");
        }
    }
    // Somebody who can write to the cache moves it to another key.
    working.cache.set(b"idempotency:key-1:other", standing.clone(), cache::Expiry::Never).await.unwrap();
    let answer = send(&service, request("POST", "/orders", "other", "{}")).await;
    assert_refused(&answer, StatusCode::CONFLICT, "IDEMPOTENCY_NOT_REPLAYABLE");
    // The key of another deployment does not open it either.
    let handle = CacheHandle::connected(working.cache.clone());
    let layer = IdempotencyLayer::new(handle, KeyRing::new(SealingKey::from_bytes([8; 32]), []));
    let answer = send(&Counting::new().behind(&layer), write()).await;
    assert_refused(&answer, StatusCode::CONFLICT, "IDEMPOTENCY_NOT_REPLAYABLE");
}

/// A body behind somebody else's limit.
struct Outer(http_body_util::Limited<Pieces>);

impl From<Bytes> for Outer {
    fn from(bytes: Bytes) -> Self {
        Self(http_body_util::Limited::new(bytes.into(), usize::MAX))
    }
}

impl Body for Outer {
    type Data = Bytes;
    type Error = tower::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, tower::BoxError>>> {
        // As a framework wraps it: an error with a source.
        #[derive(Debug, thiserror::Error)]
        #[error("wrapped")]
        struct Wrapped(#[source] tower::BoxError);
        Pin::new(&mut self.0).poll_frame(context).map_err(|error| Wrapped(error).into())
    }
}

#[tokio::test]
async fn an_answer_without_room_in_the_embedded_cache_is_not_repeated_and_the_write_is_not_either() {
    let limits = EmbeddedLimits { max_pinned_bytes: 2000, ..EmbeddedLimits::default() };
    let cache = Cache::Embedded(Arc::new(EmbeddedCache::new(limits)));
    let working =
        Working { layer: IdempotencyLayer::new(CacheHandle::connected(cache.clone()), ring()), cache };
    let handler = service_fn(async |_: Request<Full<Bytes>>| {
        Ok::<_, Infallible>(Response::new(Full::from(vec![b'x'; 4000])))
    });
    let service = behind(&working.layer, handler);
    assert_eq!(send(&service, write()).await.body().len(), 4000);
    working.layer.idle().await;
    let again = send(&service, write()).await;
    assert_refused(&again, StatusCode::CONFLICT, "IDEMPOTENCY_NOT_REPLAYABLE");
}
