mod cached;
mod flood;
mod records;
mod remembered;
mod standing;
mod support;
mod used;

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use domain::{
    ApiKey, ApiKeyHash, ApiKeyRecord, ApiKeySource, Caller, CallerId, KeyBinding, ManualClock, Scopes,
    SourceUnavailable,
};
use http::{HeaderValue, Request, Response, StatusCode};
use tower::limit::ConcurrencyLimitLayer;
use tower::{Layer, Service, ServiceExt, service_fn};

use super::*;
use crate::test_log::TestLog;

const KEY: &str = "the-key-of-an-operator";
const NOW: Duration = Duration::from_secs(1_000);

#[derive(Clone, Copy)]
enum Answer {
    Known,
    Nothing,
    AnotherRecord,
    Away,
}

/// Counts how often it is asked.
struct Source {
    answer: Answer,
    expires_after: Option<Duration>,
    asked: AtomicUsize,
}

#[async_trait]
impl ApiKeySource for Source {
    async fn find(&self, hash: &ApiKeyHash) -> Result<Option<ApiKeyRecord>, SourceUnavailable> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let record = |hash| ApiKeyRecord {
            id: "operator".into(),
            hash,
            name: "operator".to_owned(),
            binding: KeyBinding::default(),
            scopes: Scopes::default(),
            rate_tier: None,
            version: 1,
            expires_at: self.expires_after.map(|after| UNIX_EPOCH + after),
        };
        match self.answer {
            Answer::Known if *hash == hash_of(KEY) => Ok(Some(record(*hash))),
            Answer::Known | Answer::Nothing => Ok(None),
            Answer::AnotherRecord => Ok(Some(record(hash_of("another")))),
            Answer::Away => Err(SourceUnavailable { source: "connection refused".into() }),
        }
    }
}

fn hash_of(key: &str) -> ApiKeyHash {
    ApiKeyHash::of(&ApiKey::parse(key).unwrap())
}

struct Guarded {
    source: Arc<Source>,
    clock: Arc<ManualClock>,
    layer: ApiKeyLayer,
}

impl Guarded {
    fn by(answer: Answer) -> Self {
        Self::until(answer, None)
    }

    fn until(answer: Answer, expires_after: Option<Duration>) -> Self {
        let source = Arc::new(Source { answer, expires_after, asked: AtomicUsize::new(0) });
        let clock = Arc::new(ManualClock::new(UNIX_EPOCH + NOW));
        let layer = ApiKeyLayer::new(source.clone(), clock.clone());
        Self { source, clock, layer }
    }

    /// Behind the guard is a service that answers with what it was told of the caller.
    async fn call(&self, request: Request<()>) -> Response<Bytes> {
        let inner = service_fn(|request: Request<()>| {
            assert!(!request.headers().contains_key("x-api-key"), "the header is handed on");
            let caller = request.extensions().get::<Caller>().expect("a caller");
            ready(Ok::<_, Infallible>(Response::new(Bytes::from(caller.id().to_string()))))
        });
        self.layer.layer(inner).oneshot(request).await.unwrap()
    }

    async fn with_key(&self, key: &str) -> Response<Bytes> {
        self.call(Request::get("/").header("X-API-Key", key).body(()).unwrap()).await
    }

    fn asked(&self) -> usize {
        self.source.asked.load(Ordering::SeqCst)
    }
}

fn assert_unauthorized(response: &Response<Bytes>) {
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["www-authenticate"], "ApiKey");
    let json: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    let message = "a valid API key is needed in the X-API-Key header";
    let expected = serde_json::json!({
        "code": "UNAUTHORIZED", "title": "Unauthorized", "message": message, "error": message,
    });
    assert_eq!(json, expected);
}

#[tokio::test]
async fn a_known_key_gets_through_and_is_named_on_both_sides() {
    let guarded = Guarded::by(Answer::Known);
    let response = guarded.with_key(KEY).await;
    assert_eq!((response.status(), response.body().as_ref()), (StatusCode::OK, b"operator".as_slice()));
    assert_eq!(response.extensions().get::<CallerId>(), Some(&"operator".into()));
    assert_eq!(guarded.asked(), 1);
}

#[tokio::test]
async fn every_other_caller_gets_the_same_answer() {
    let made = ApiKey::generate("staging", [7; ApiKey::RANDOM_BYTES]);
    let mut mistyped = made.expose().to_owned();
    let last = if mistyped.pop() == Some('x') { 'y' } else { 'x' };
    mistyped.push(last);
    let long = "k".repeat(257);
    let guarded = Guarded::by(Answer::Known);

    assert_unauthorized(&guarded.call(Request::get("/").body(()).unwrap()).await);
    for key in ["", "tab\tin it", &long, &mistyped] {
        assert_unauthorized(&guarded.with_key(key).await);
    }
    let not_text = HeaderValue::from_bytes(b"caf\xe9").unwrap();
    assert_unauthorized(
        &guarded.call(Request::get("/").header("x-api-key", not_text).body(()).unwrap()).await,
    );
    let twice = Request::get("/").header("x-api-key", KEY).header("x-api-key", KEY).body(()).unwrap();
    assert_unauthorized(&guarded.call(twice).await);
    assert_eq!(guarded.asked(), 0, "none of these is worth a look-up");

    assert_unauthorized(&guarded.with_key("unknown").await);
    assert_unauthorized(&guarded.with_key(made.expose()).await);
    assert_eq!(guarded.asked(), 2);
    assert_unauthorized(&Guarded::by(Answer::Nothing).with_key(KEY).await);
    assert_unauthorized(&Guarded::by(Answer::AnotherRecord).with_key(KEY).await);
}

#[tokio::test]
async fn a_key_is_refused_from_its_end_on() {
    let guarded = Guarded::until(Answer::Known, Some(NOW + Duration::from_secs(1)));
    assert_eq!(guarded.with_key(KEY).await.status(), StatusCode::OK);
    guarded.clock.advance(Duration::from_secs(1));
    assert_unauthorized(&guarded.with_key(KEY).await);
}

#[tokio::test]
async fn a_source_that_is_away_is_503_and_logged_once_with_its_cause() {
    let (log, _guard) = TestLog::capture();
    let guarded = Guarded::by(Answer::Away);
    let response = guarded.with_key(KEY).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!((&body["code"], body.get("status")), (&"SERVICE_UNAVAILABLE".into(), None));
    assert!(!body.to_string().contains("refused"));
    guarded.with_key(KEY).await;
    let warned = log.lines_with("WARN");
    assert!(warned.len() == 1 && warned[0].contains("connection refused"), "{}", log.text());
}

#[tokio::test]
async fn no_key_is_ever_shown() {
    let (log, _guard) = TestLog::capture();
    let made = ApiKey::generate("staging", [9; ApiKey::RANDOM_BYTES]);
    let mistyped = format!("{}0", &made.expose()[..made.expose().len() - 1]);
    let secret = &made.expose()[made.expose().len() - 36..made.expose().len() - 6];
    for answer in [Answer::Known, Answer::Nothing, Answer::AnotherRecord, Answer::Away] {
        let guarded = Guarded::until(answer, Some(NOW));
        for key in [KEY, made.expose(), &mistyped] {
            let response = guarded.with_key(key).await;
            let shown = format!("{response:?} {:?} {:?}", guarded.layer, guarded.layer.layer(()));
            assert!(!shown.contains(KEY) && !shown.contains(secret), "{shown}");
        }
    }
    let text = log.text();
    assert!(
        text.contains("has expired") && text.contains("the key is unknown") && text.contains("checksum"),
        "{text}"
    );
    assert!(!text.contains(KEY) && !text.contains(secret), "{text}");
}

/// The limit panics when a service is called that was not asked whether it is ready.
#[tokio::test]
async fn the_service_that_was_ready_is_the_one_that_is_called() {
    let guarded = Guarded::by(Answer::Known);
    let inner = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Bytes::new())));
    let mut service = guarded.layer.layer(ConcurrencyLimitLayer::new(1).layer(inner));
    for _ in 0..3 {
        let request = Request::get("/").header("x-api-key", KEY).body(()).unwrap();
        let response = service.ready().await.unwrap().call(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let refused = service.ready().await.unwrap().call(Request::new(())).await.unwrap();
        assert_unauthorized(&refused);
    }
}

#[tokio::test]
async fn it_is_ready_when_the_service_behind_is() {
    let guarded = Guarded::by(Answer::Known);
    let (service, mut handle) = tower_test::mock::pair::<Request<()>, Response<Bytes>>();
    let mut service = tower_test::mock::Spawn::new(guarded.layer.layer(service));
    handle.allow(0);
    assert!(service.poll_ready().is_pending());
    handle.allow(1);
    assert!(service.poll_ready().is_ready());

    let request = Request::get("/").header("x-api-key", KEY).body(()).unwrap();
    let answer = tokio::spawn(service.call(request));
    let (request, reply) = handle.next_request().await.unwrap();
    assert_eq!(request.extensions().get::<Caller>().unwrap().id(), &CallerId::from("operator"));
    reply.send_response(Response::new(Bytes::new()));
    assert_eq!(answer.await.unwrap().unwrap().status(), StatusCode::OK);
}

/// Who was refused, and why.
#[derive(Default)]
struct Watched(std::sync::Mutex<Vec<(Option<std::net::IpAddr>, &'static str)>>);

impl domain::RefusalWatch for Watched {
    fn refused(&self, address: Option<std::net::IpAddr>, reason: &'static str) {
        self.0.lock().unwrap().push((address, reason));
    }

    fn forbidden(&self, _address: Option<std::net::IpAddr>, _caller: &CallerId) {}
}

#[tokio::test]
async fn whoever_is_refused_is_told_with_address_and_reason_and_an_outage_is_nobody_s_fault() {
    let watch = Arc::new(Watched::default());
    let watched = |answer, expires_after| {
        let guarded = Guarded::until(answer, expires_after);
        Guarded { layer: guarded.layer.clone().watched_by(watch.clone()), ..guarded }
    };
    let address = std::net::IpAddr::from([192, 0, 2, 1]);
    let from = |key: Option<&str>| {
        let mut request = Request::get("/").extension(crate::ClientAddress(address)).body(()).unwrap();
        if let Some(key) = key {
            request.headers_mut().insert("x-api-key", key.parse().unwrap());
        }
        request
    };
    let known = watched(Answer::Known, None);
    known.call(from(Some(KEY))).await;
    for key in [None, Some("unknown"), Some("")] {
        known.call(from(key)).await;
    }
    watched(Answer::Known, Some(NOW)).call(from(Some(KEY))).await;
    watched(Answer::Away, None).call(from(Some(KEY))).await;
    let told = watch.0.lock().unwrap().clone();
    let reasons = ["no-key", "unknown-key", "malformed-key", "expired-key"];
    assert_eq!(told, reasons.map(|reason| (Some(address), reason)));
}
