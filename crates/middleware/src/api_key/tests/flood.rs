//! Keys that nobody knows, more than can be looked up.

use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use cache::CacheClient;
use domain::{Caller, CallerId};
use http::{Request, Response, StatusCode};
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::{Layer, Service, ServiceExt, service_fn};

use super::super::SourceLimits;
use super::support::{Guarded, KEY, Mood, place_of, record_of, until};

const OK: StatusCode = StatusCode::OK;
const TOO_MANY: StatusCode = StatusCode::TOO_MANY_REQUESTS;

#[tokio::test]
async fn an_address_that_asks_too_often_waits() {
    let (guarded, _) = Guarded::alone([record_of(KEY)]);
    for number in 0..10 {
        let status = guarded.at_address(1, &format!("unknown-{number}")).await.status();
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    let response = guarded.at_address(1, KEY).await;
    assert_eq!((response.status(), &response.headers()["retry-after"]), (TOO_MANY, &"2".parse().unwrap()));
    let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(body["code"], "rate_limit_exceeded");
    assert_eq!(body["error"], body["message"]);
    assert_eq!(guarded.asked(), 10);

    assert_eq!(guarded.at_address(2, KEY).await.status(), OK, "another address is not damped");
    assert_eq!(guarded.at_address(1, KEY).await.status(), OK, "nor is a key that is known now");
    assert_eq!(guarded.at_address(1, "unknown-11").await.status(), TOO_MANY);
    guarded.clock.advance(Duration::from_secs(1));
    assert_eq!(guarded.at_address(1, "unknown-11").await.status(), StatusCode::UNAUTHORIZED);
}

/// As behind a proxy that all callers share, after a restart with an empty cache.
#[tokio::test]
async fn new_keys_that_exist_do_not_damp_their_address() {
    let key = |number: u32| format!("valid-{number}");
    let (guarded, cache) = Guarded::alone((0..60).map(|number| record_of(&key(number))));
    for number in 0..9 {
        let status = guarded.at_address(1, &format!("unknown-{number}")).await.status();
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    guarded.clock.advance(Duration::from_secs(1));
    let before = guarded.asked();
    for number in 0..40 {
        assert_eq!(guarded.at_address(1, &key(number)).await.status(), OK, "{number}");
    }
    // Each of them once as a stranger, and once as a known key, under a lease.
    assert_eq!(guarded.asked() - before, 80);
    for number in 0..40 {
        let filled = cache.find_versioned(&place_of(&key(number))).await.unwrap();
        assert_eq!(filled.map(|(version, _)| version), Some(1), "{number}");
    }
    let mut passed = 0;
    for number in 40..60 {
        passed += usize::from(guarded.at_address(number, &key(number)).await.status() == OK);
    }
    assert_eq!((passed, guarded.asked() - before), (10, 100), "fifty strangers a second");
}

#[tokio::test]
async fn one_address_does_not_take_all_places_in_front_of_the_shared_cache() {
    let limits =
        SourceLimits { address_in_cache: 1, time_limit: Duration::from_secs(30), ..SourceLimits::default() };
    let (guarded, _) = Guarded::alone([]);
    let guarded = guarded.limited(limits);
    guarded.source.is_now(Mood::Hangs);
    let refused = StatusCode::UNAUTHORIZED;
    let (first, other, ()) = tokio::join!(guarded.at_address(1, "a"), guarded.at_address(2, "b"), async {
        guarded.source.asked_by(2).await;
        assert_eq!(guarded.at_address(1, "c").await.status(), TOO_MANY);
        guarded.source.is_now(Mood::Answers);
    });
    assert_eq!((first.status(), other.status()), (refused, refused));
    assert_eq!(guarded.at_address(1, "c").await.status(), refused, "there is room again");
    assert_eq!(guarded.asked(), 3);
}

#[tokio::test]
async fn all_strangers_together_get_fifty_look_ups_a_second() {
    let (guarded, _) = Guarded::alone([]);
    for second in 1..=3 {
        for number in 0..200 {
            guarded.at_address(number, &format!("unknown-{second}-{number}")).await;
        }
        assert_eq!(guarded.asked(), 50 * second);
        guarded.clock.advance(Duration::from_secs(1));
    }
}

/// 10,000 random keys a second, for three seconds of the clock by which they are limited.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_strangers_keeps_no_known_key_out() {
    let (guarded, cache) = Guarded::alone([record_of(KEY)]);
    assert_eq!(guarded.with_key(KEY).await, OK);
    let guarded = &guarded;
    let mut before = guarded.asked();
    for second in 0..3_u32 {
        let mut slowest = Duration::ZERO;
        for number in 0..10_000_u32 {
            let key = format!("random-{second}-{number}");
            let status = guarded.at_address(number, &key).await.status();
            assert!(matches!(status, StatusCode::UNAUTHORIZED | TOO_MANY), "{status}");
            if number % 100 == 0 {
                let begun = Instant::now();
                assert_eq!(guarded.at_address(number, KEY).await.status(), OK);
                slowest = slowest.max(begun.elapsed());
            }
            if number % 1_000 == 0 {
                // Also when its record has to be found anew.
                cache.del(&[place_of(KEY).into()]).await.unwrap();
            }
        }
        let known = 10;
        assert!(guarded.asked() - before <= 50 + known, "asked {} times", guarded.asked() - before);
        assert!(slowest < Duration::from_secs(1), "{slowest:?}");
        before = guarded.asked();
        guarded.clock.advance(Duration::from_secs(1));
    }
    let stored = cache.keyspace().stats().await.unwrap();
    assert_eq!(stored.totals.keys, 1, "no stranger left anything in the shared cache");
}

/// A slow source: what is in flight stays bounded, also for who waits in front of it.
#[tokio::test]
async fn strangers_at_a_slow_source_are_few_and_a_known_key_passes_them() {
    let limits = SourceLimits { time_limit: Duration::from_secs(30), ..SourceLimits::default() };
    let (guarded, cache) = Guarded::alone([record_of(KEY)]);
    let guarded = std::sync::Arc::new(guarded.limited(limits));
    assert_eq!(guarded.with_key(KEY).await, OK);
    guarded.source.is_now(Mood::Hangs);
    let mut calls = Vec::new();
    for number in 0..1_000_u32 {
        let guarded = std::sync::Arc::clone(&guarded);
        calls.push(tokio::spawn(async move {
            guarded.at_address(number, &format!("random-{number}")).await.status()
        }));
    }
    guarded.source.asked_by(16).await;
    until(|| calls.iter().filter(|call| call.is_finished()).count() == 1_000 - 16).await;

    assert_eq!(guarded.with_key(KEY).await, OK, "in memory");
    cache.del(&[place_of(KEY).into()]).await.unwrap();
    let (status, ()) = tokio::join!(guarded.with_key(KEY), async {
        guarded.source.asked_by(17).await;
        guarded.source.is_now(Mood::Answers);
    });
    assert_eq!(status, OK, "with room of its own");
    assert_eq!(guarded.source.most_in_flight.load(Ordering::SeqCst), 17);
    let mut refused = 0;
    for call in calls {
        refused += usize::from(call.await.unwrap() == TOO_MANY);
    }
    assert_eq!(refused, 1_000 - 16);
}

#[tokio::test]
async fn a_refusal_keeps_no_room_at_the_service_behind() {
    let (guarded, _) = Guarded::alone([]);
    let inner = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Bytes::new())));
    let behind = GlobalConcurrencyLimitLayer::new(1).layer(inner);
    let mut refused = guarded.layer.layer(behind.clone());
    let mut another = guarded.layer.layer(behind);
    for key in [None, Some("unknown"), Some("unknown")] {
        let mut request = Request::get("/");
        if let Some(key) = key {
            request = request.header("x-api-key", key);
        }
        let response = refused.ready().await.unwrap().call(request.body(()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        let ready = tokio::time::timeout(Duration::from_secs(30), another.ready()).await;
        drop(ready.expect("the one place is free again").unwrap().call(Request::new(())));
    }
}

/// No waiting in between, so that a known key costs no task switch.
#[tokio::test]
async fn a_known_key_reaches_the_service_behind_at_once() {
    let (guarded, _) = Guarded::alone([record_of(KEY)]);
    for _ in 0..2 {
        assert_eq!(guarded.with_key(KEY).await, OK);
    }
    let (service, mut handle) = tower_test::mock::pair::<Request<()>, Response<Bytes>>();
    let mut service = tower_test::mock::Spawn::new(guarded.layer.layer(service));
    handle.allow(1);
    assert!(service.poll_ready().is_ready());
    let request = Request::get("/").header("x-api-key", KEY).body(()).unwrap();
    // Not polled yet.
    let answer = service.call(request);
    let called = tokio::time::timeout(Duration::from_secs(30), handle.next_request()).await;
    let (request, reply) = called.expect("the service behind is called").unwrap();
    assert_eq!(request.extensions().get::<Caller>().unwrap().id(), &CallerId::from("operator"));
    assert!(!request.headers().contains_key("x-api-key"));
    reply.send_response(Response::new(Bytes::new()));
    let response = answer.await.unwrap();
    assert_eq!(response.extensions().get::<CallerId>(), Some(&"operator".into()));
}
