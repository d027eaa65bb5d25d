//! What all callers and one of them may hold at once.

use std::pin::Pin;
use std::task::{Context, Poll};

use cache::CacheError;
use http_body::{Body, Frame, SizeHint};
use tokio::task::JoinHandle;

use super::*;

/// A body that is there, or that never comes.
enum Sent {
    Whole(Option<Bytes>),
    WholeUnannounced(Option<Bytes>),
    /// Counts how often it was asked.
    Never {
        announced: Option<u64>,
        asked: Arc<AtomicUsize>,
    },
}

impl From<Bytes> for Sent {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(Some(bytes))
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Whole(bytes) | Self::WholeUnannounced(bytes) => {
                Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes))))
            }
            Self::Never { asked, .. } => {
                asked.fetch_add(1, Ordering::SeqCst);
                Poll::Pending
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Never { announced: Some(length), .. } => SizeHint::with_exact(*length),
            Self::WholeUnannounced(_) | Self::Never { announced: None, .. } => SizeHint::new(),
        }
    }
}

fn of_length(length: usize) -> Sent {
    Sent::from(Bytes::from(vec![b'x'; length]))
}

/// Writes of several callers to one layer, each with a key of its own.
struct Callers {
    layer: IdempotencyLayer,
    handler: Counting,
    sent: AtomicUsize,
    asked: Arc<AtomicUsize>,
}

impl Callers {
    fn new(layer: IdempotencyLayer, handler: Counting) -> Self {
        Self { layer, handler, sent: AtomicUsize::new(0), asked: Arc::default() }
    }

    fn call(&self, caller: &str, body: Sent) -> impl Future<Output = Answer> + Send + 'static {
        let handler = self.handler.clone();
        let service = self.layer.layer(service_fn(move |_request: Request<Sent>| {
            let handler = handler.clone();
            async move { handler.answer().await }
        }));
        let number = self.sent.fetch_add(1, Ordering::SeqCst);
        let mut request = request("POST", "/", &number.to_string(), "").map(|_| body);
        request.extensions_mut().insert(Caller::new(caller_id(caller), Scopes::default()));
        async move {
            // Longer than a body may take; who is let in against the rules fails here and does not hang.
            let answer = tokio::time::timeout(Duration::from_secs(20), service.oneshot(request)).await;
            whole(answer.expect("no answer").unwrap()).await
        }
    }

    fn never(&self, announced: impl Into<Option<u64>>) -> Sent {
        Sent::Never { announced: announced.into(), asked: Arc::clone(&self.asked) }
    }

    /// A call that waits for its body, or in the handler, when this returns.
    async fn begin(&self, caller: &str, body: Sent) -> JoinHandle<Answer> {
        let stage = || self.asked.load(Ordering::SeqCst) + self.handler.runs();
        let before = stage();
        let call = tokio::spawn(self.call(caller, body));
        until("it waits", async || stage() > before).await;
        call
    }
}

/// Bodies of 100 bytes, four of them at once, two of one caller; none is small.
fn four_bodies() -> IdempotencySettings {
    IdempotencySettings {
        max_request_bytes: 100,
        max_reading_bytes: 400,
        small_request_bytes: 0,
        ..IdempotencySettings::default()
    }
}

async fn stopped(calls: impl IntoIterator<Item = JoinHandle<Answer>>) {
    for call in calls {
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
    }
}

#[tokio::test]
async fn bodies_that_do_not_come_hold_half_of_the_bytes_for_one_caller() {
    let callers = Callers::new(Working::with_settings(four_bodies()).layer, Counting::new());
    // One announces its length, and the other could be as long as is allowed.
    let of_one =
        [callers.begin("one", callers.never(100)).await, callers.begin("one", callers.never(None)).await];
    assert_unavailable(&callers.call("one", of_length(1)).await);
    assert_eq!(callers.call("one", of_length(0)).await.status(), StatusCode::CREATED);
    assert_eq!(callers.call("two", of_length(100)).await.status(), StatusCode::CREATED);
    // What is left of all is less than a third one wants, however little that is.
    let of_two =
        [callers.begin("two", callers.never(100)).await, callers.begin("two", callers.never(99)).await];
    assert_unavailable(&callers.call("three", of_length(2)).await);
    assert_eq!(callers.call("three", of_length(1)).await.status(), StatusCode::CREATED);
    stopped(of_one).await;
    assert_eq!(callers.call("one", of_length(100)).await.status(), StatusCode::CREATED);
    stopped(of_two).await;
}

#[tokio::test]
async fn small_bodies_go_on_while_others_send_large_ones_slowly() {
    let settings = IdempotencySettings { small_request_bytes: 10, ..four_bodies() };
    let callers = Callers::new(Working::with_settings(settings).layer, Counting::new());
    let mut slow = Vec::new();
    for caller in ["one", "one", "two", "two"] {
        slow.push(callers.begin(caller, callers.never(100)).await);
    }
    assert_unavailable(&callers.call("three", of_length(11)).await);
    assert_eq!(callers.call("three", of_length(10)).await.status(), StatusCode::CREATED);
    stopped(slow).await;
}

#[tokio::test]
async fn a_body_that_is_there_counts_as_it_is_until_the_handler_ended() {
    let (mock, layer) = on_mock(MockCache::new());
    let handler = Counting::held_up();
    let callers = Callers::new(layer.settings(four_bodies()), handler.clone());
    let body = Sent::WholeUnannounced(Some(Bytes::from(vec![b'x'; 60])));
    let call = callers.begin("one", body).await;
    assert_eq!(handler.runs(), 1);
    let rest = callers.begin("one", callers.never(100)).await;
    assert_unavailable(&callers.call("one", of_length(41)).await);
    let more = callers.begin("one", callers.never(40)).await;
    // The answer waits for the cache, and its request does not.
    mock.fail(Some(CacheError::Closed));
    handler.let_on();
    assert_eq!(call.await.unwrap().status(), StatusCode::CREATED);
    let again = callers.begin("one", callers.never(60)).await;
    mock.fail(None);
    stopped([rest, more, again]).await;
    callers.layer.idle().await;
}

#[tokio::test]
async fn a_body_of_the_largest_size_fits_whatever_the_bound() {
    let settings = IdempotencySettings { max_reading_bytes: 10, ..four_bodies() };
    let callers = Callers::new(Working::with_settings(settings).layer, Counting::new());
    assert_eq!(callers.call("one", of_length(100)).await.status(), StatusCode::CREATED);
    let answer = callers.call("one", of_length(101)).await;
    assert_refused(&answer, StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_in_time_is_refused() {
    let (mock, layer) = on_mock(MockCache::new());
    let callers = Callers::new(layer, Counting::new());
    let started = tokio::time::Instant::now();
    let answer = callers.call("one", callers.never(5)).await;
    assert_refused(&answer, StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT");
    assert_eq!(started.elapsed().as_secs(), 10);
    assert_eq!((callers.handler.runs(), mock.calls().len()), (0, 0));
}

#[tokio::test]
async fn one_caller_runs_half_of_what_may_run() {
    let settings = IdempotencySettings { max_running: 4, ..IdempotencySettings::default() };
    let handler = Counting::held_up();
    let callers = Callers::new(Working::with_settings(settings).layer, handler.clone());
    // One whose body does not come counts for its caller, and not for all.
    let slow = callers.begin("one", callers.never(5)).await;
    let mut running = vec![callers.begin("one", of_length(5)).await];
    assert_unavailable(&callers.call("one", of_length(5)).await);
    for caller in ["two", "two", "three"] {
        running.push(callers.begin(caller, of_length(5)).await);
    }
    assert_unavailable(&callers.call("two", of_length(5)).await);
    assert_unavailable(&callers.call("four", of_length(5)).await);
    assert_eq!(handler.runs(), 4);
    stopped([slow]).await;
    running.iter().for_each(|_| handler.let_on());
    for call in running {
        assert_eq!(call.await.unwrap().status(), StatusCode::CREATED);
    }
    callers.layer.idle().await;
    handler.let_on();
    assert_eq!(callers.call("one", of_length(5)).await.status(), StatusCode::CREATED);
}

/// The server works on 512 requests at once. What outlives its client counts there no more.
#[test]
fn fewer_run_than_the_server_works_on() {
    let settings = IdempotencySettings::default();
    assert_eq!((settings.max_running, settings.running_of_one()), (256, 128));
    assert_eq!((settings.reading_bytes() >> 20, settings.reading_bytes_of_one() >> 20), (64, 32));
    assert_eq!(settings.small_reading_bytes(), 512 * settings.small_request_bytes);
}
