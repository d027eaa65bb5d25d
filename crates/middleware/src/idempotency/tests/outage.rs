//! The cache failing at each step, before and after the handler ran.

use bytes::Bytes;
use cache::{CacheError, DeleteIfEqual, Expiry, MockCall, ReplaceIfEqual, SetIfAbsent};

use super::*;
use crate::test_log::TestLog;

fn away() -> CacheError {
    CacheError::Unavailable { node: "localhost:6379".to_owned(), reason: "connection refused".to_owned() }
}

fn timed_out() -> CacheError {
    CacheError::Timeout { node: "localhost:6379".to_owned(), after: Duration::from_millis(500) }
}

/// For how long a call stores.
pub(super) fn expiry_of(call: &MockCall) -> Duration {
    match call {
        MockCall::SetIfAbsent { expiry: Expiry::After(ttl), .. }
        | MockCall::ReplaceIfEqual { expiry: Expiry::After(ttl), .. } => *ttl,
        other => panic!("{other:?}"),
    }
}

/// The steps of the protocol that were asked of the cache.
pub(super) fn steps(mock: &MockCache) -> Vec<&'static str> {
    let is_end = |value: &Bytes| record::Record::read(value).unwrap().state == record::State::Complete;
    let step = |call: &MockCall| match call {
        MockCall::SetIfAbsent { value, .. } if is_end(value) => "complete where nothing stands",
        MockCall::SetIfAbsent { .. } => "claim",
        MockCall::ReplaceIfEqual { value, .. } if is_end(value) => "complete",
        MockCall::ReplaceIfEqual { expected, value, .. } if expected == value => "renew",
        MockCall::DeleteIfEqual { .. } => "release",
        other => panic!("{other:?}"),
    };
    mock.calls().iter().map(step).collect()
}

#[tokio::test]
async fn without_a_connection_nothing_is_done() {
    let handle = CacheHandle::connecting(["localhost:6379".to_owned()]);
    let (layer, handler) = (IdempotencyLayer::new(handle, ring()), Counting::new());
    let (log, _guard) = TestLog::capture();
    let answer = send(&handler.behind(&layer), write()).await;
    assert_unavailable(&answer);
    assert_eq!(handler.runs(), 0);
    assert!(!answer.body().windows(9).any(|window| window == b"localhost"));
    assert!(log.lines_with("WARN")[0].contains("localhost:6379"), "{}", log.text());
    // Writes without a key need no cache.
    let mut keyless = write();
    keyless.headers_mut().remove("x-idempotency");
    assert_eq!(send(&handler.behind(&layer), keyless).await.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn a_claim_that_was_not_taken_is_refused_at_once() {
    let (mock, layer) = on_mock(MockCache::new().failing_with(away()));
    let handler = Counting::new();
    assert_unavailable(&send(&handler.behind(&layer), write()).await);
    layer.idle().await;
    assert_eq!((handler.runs(), steps(&mock)), (0, vec!["claim"]));
}

/// The node that failed the layer in front need not be the one of the key.
#[tokio::test]
async fn after_trouble_in_front_a_claim_is_still_tried() {
    let (working, handler) = (Working::new(), Counting::new());
    let mut troubled = write();
    troubled.extensions_mut().insert(crate::CacheTrouble);
    assert_eq!(send(&handler.behind(&working.layer), troubled.clone()).await.status(), StatusCode::CREATED);
    let (mock, layer) = on_mock(MockCache::new().failing_with(away()));
    assert_unavailable(&send(&handler.behind(&layer), troubled).await);
    assert_eq!((handler.runs(), steps(&mock)), (1, vec!["claim"]));
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_may_stand_is_taken_back() {
    let mock = MockCache::new()
        .on_set_if_absent(PLACE, Err(timed_out()))
        .on_delete_if_equal(PLACE, Err(timed_out()))
        .on_delete_if_equal(PLACE, Ok(DeleteIfEqual::Deleted));
    let (mock, layer) = on_mock(mock);
    let handler = Counting::new();
    assert_unavailable(&send(&handler.behind(&layer), write()).await);
    layer.idle().await;
    assert_eq!((handler.runs(), steps(&mock)), (0, vec!["claim", "release", "release"]));
}

/// The cache answers the claim of its own winner with that very claim.
#[tokio::test]
async fn the_own_claim_is_known_again() {
    let (first, layer) = on_mock(MockCache::new());
    let layer = layer.with_generator(|| uuid::Uuid::from_u128(7));
    send(&Counting::new().behind(&layer), write()).await;
    let MockCall::SetIfAbsent { value: claim, .. } = first.calls()[0].clone() else {
        panic!("{:?}", first.calls());
    };
    let (_, layer) = on_mock(MockCache::new().on_set_if_absent(PLACE, Ok(SetIfAbsent::Present(claim))));
    let handler = Counting::new();
    let other = layer.clone().with_generator(|| uuid::Uuid::from_u128(8));
    let answer = send(&handler.behind(&other), write()).await;
    assert_refused(&answer, StatusCode::CONFLICT, "IDEMPOTENCY_CONFLICT");
    let layer = layer.with_generator(|| uuid::Uuid::from_u128(7));
    assert_eq!(send(&handler.behind(&layer), write()).await.status(), StatusCode::CREATED);
}

#[tokio::test(start_paused = true)]
async fn a_failing_renewal_stops_nothing() {
    let (mock, layer) = on_mock(MockCache::new());
    let handler = Counting::held_up();
    let call = tokio::spawn(handler.behind(&layer).oneshot(write()));
    until("the handler runs", async || handler.runs() == 1).await;
    mock.fail(Some(timed_out()));
    let renewals = || steps(&mock).iter().filter(|step| **step == "renew").count();
    until("it was tried twice", async || renewals() >= 2).await;
    mock.fail(None);
    handler.let_on();
    assert_eq!(call.await.unwrap().unwrap().status(), StatusCode::CREATED);
    assert_eq!(steps(&mock).last(), Some(&"complete"));
}

#[tokio::test(start_paused = true)]
async fn the_answer_comes_although_it_cannot_be_kept_and_is_kept_later() {
    let (mock, layer) = on_mock(MockCache::new());
    let handler = Counting::held_up();
    let call = tokio::spawn(handler.behind(&layer).oneshot(write()));
    until("the handler runs", async || handler.runs() == 1).await;
    mock.fail(Some(away()));
    handler.let_on();
    let answer = whole(call.await.unwrap().unwrap()).await;
    assert_eq!((answer.status(), answer.body().as_ref()), (StatusCode::CREATED, b"run 1".as_slice()));
    until("it was tried again", async || steps(&mock).len() > 5).await;
    mock.fail(None);
    layer.idle().await;
    let calls = mock.calls();
    let MockCall::ReplaceIfEqual { value, .. } = calls.last().unwrap() else {
        panic!("{calls:?}");
    };
    assert!(record::Record::read(value).unwrap().sealed_answer().is_some());
    assert!(steps(&mock)[1..].iter().all(|step| *step == "complete"), "{:?}", steps(&mock));
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_tried_to_be_kept_for_as_long_as_it_would_be() {
    let (mock, layer) = on_mock(MockCache::new().on_replace_if_equal(PLACE, Err(away())));
    let mut request = write();
    request.headers_mut().insert("x-ttl", "20".parse().unwrap());
    let started = tokio::time::Instant::now();
    assert_eq!(send(&Counting::new().behind(&layer), request).await.status(), StatusCode::CREATED);
    assert!(started.elapsed() < Duration::from_millis(10), "{:?}", started.elapsed());
    layer.idle().await;
    assert!((15..=20).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    assert!(steps(&mock).len() > 8, "{:?}", steps(&mock));
}

#[tokio::test(start_paused = true)]
async fn answers_that_wait_for_the_cache_are_bounded() {
    let (mock, layer) = on_mock(MockCache::new());
    // One answer fits, two do not.
    let layer =
        layer.settings(IdempotencySettings { max_waiting_bytes: 400, ..IdempotencySettings::default() });
    let handler = Counting::held_up();
    let service = handler.behind(&layer);
    let calls: Vec<_> =
        ["a", "b"].map(|key| tokio::spawn(service.clone().oneshot(request("POST", "/", key, "")))).into();
    until("both run", async || handler.runs() == 2).await;
    mock.fail(Some(away()));
    handler.let_on();
    handler.let_on();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().status(), StatusCode::CREATED);
    }
    mock.fail(None);
    layer.idle().await;
    let kept: Vec<bool> = mock
        .calls()
        .iter()
        .rev()
        .take(2)
        .map(|call| match call {
            MockCall::ReplaceIfEqual { value, .. } => {
                record::Record::read(value).unwrap().sealed_answer().is_some()
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kept.iter().filter(|kept| **kept).count(), 1, "{kept:?}");
}

#[tokio::test(start_paused = true)]
async fn a_completion_whose_answer_was_lost_is_known_again() {
    // An answer that is not kept has no randomness in its end, so that it can be foretold.
    let settings = IdempotencySettings { max_answer_bytes: 0, ..IdempotencySettings::default() };
    let prepared = |mock| {
        let (mock, layer) = on_mock(mock);
        (mock, layer.settings(settings).with_generator(|| uuid::Uuid::from_u128(7)))
    };
    let (mock, layer) = prepared(MockCache::new());
    send(&Counting::new().behind(&layer), write()).await;
    let MockCall::ReplaceIfEqual { value: end, .. } = mock.calls()[1].clone() else {
        panic!("{:?}", mock.calls());
    };

    let (log, _guard) = TestLog::capture();
    let mock = MockCache::new()
        .on_set_if_absent(PLACE, Ok(SetIfAbsent::Stored))
        .on_set_if_absent(PLACE, Ok(SetIfAbsent::Present(end)))
        .on_replace_if_equal(PLACE, Err(timed_out()))
        .on_replace_if_equal(PLACE, Ok(ReplaceIfEqual::Different));
    let (mock, layer) = prepared(mock);
    assert_eq!(send(&Counting::new().behind(&layer), write()).await.status(), StatusCode::CREATED);
    layer.idle().await;
    assert_eq!(steps(&mock), ["claim", "complete", "complete", "complete where nothing stands"]);
    assert!(log.lines_with("another call took the key").is_empty(), "{}", log.text());
}

#[tokio::test(start_paused = true)]
async fn a_release_that_fails_is_tried_until_the_lease_is_over() {
    let (mock, layer) = on_mock(MockCache::new().on_delete_if_equal(PLACE, Err(timed_out())));
    let handler = Counting::new().answering(StatusCode::INTERNAL_SERVER_ERROR);
    let started = tokio::time::Instant::now();
    let answer = send(&handler.behind(&layer), write()).await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    layer.idle().await;
    assert!(started.elapsed() <= Duration::from_secs(10));
    assert!(steps(&mock).iter().filter(|step| **step == "release").count() > 3, "{:?}", steps(&mock));
}

#[tokio::test]
async fn a_claim_that_the_cache_forgot_is_no_loss_while_nobody_else_came() {
    let (working, handler) = (Working::new(), Counting::held_up());
    let service = handler.behind(&working.layer);
    let call = tokio::spawn(service.clone().oneshot(write()));
    until("the handler runs", async || handler.runs() == 1).await;
    working.cache.del(&[PLACE.into()]).await.unwrap();
    handler.let_on();
    assert_eq!(call.await.unwrap().unwrap().status(), StatusCode::CREATED);
    let again = send(&service, write()).await;
    assert_eq!(again.body(), "run 1");
    assert_replayed(&again, true);
}

#[tokio::test]
async fn a_forgotten_claim_is_placed_again_by_the_renewal() {
    let lease = Duration::from_millis(90);
    let working = Working::with_settings(IdempotencySettings { lease, ..IdempotencySettings::default() });
    let handler = Counting::held_up();
    let service = handler.behind(&working.layer);
    let call = tokio::spawn(service.clone().oneshot(write()));
    until("the handler runs", async || handler.runs() == 1).await;
    working.cache.del(&[PLACE.into()]).await.unwrap();
    until("the claim stands again", async || working.standing().await["state"] == "processing").await;
    assert_refused(&send(&service, write()).await, StatusCode::CONFLICT, "IDEMPOTENCY_CONFLICT");
    handler.let_on();
    assert_eq!(call.await.unwrap().unwrap().status(), StatusCode::CREATED);
}

#[tokio::test]
async fn where_another_came_in_between_everybody_has_an_answer_and_the_log_says_it() {
    let (log, _guard) = TestLog::capture();
    let (working, handler) = (Working::new(), Counting::held_up());
    let service = handler.behind(&working.layer);
    let first = tokio::spawn(service.clone().oneshot(write()));
    until("the handler runs", async || handler.runs() == 1).await;
    working.cache.del(&[PLACE.into()]).await.unwrap();
    let second = tokio::spawn(service.clone().oneshot(write()));
    until("it runs again: the cache forgot, and there is no ledger", async || handler.runs() == 2).await;
    handler.let_on();
    handler.let_on();
    let [first, second] = [first.await.unwrap().unwrap(), second.await.unwrap().unwrap()];
    assert_eq!([first.status(), second.status()], [StatusCode::CREATED; 2]);
    assert_eq!(log.lines_with("another call took the key").len(), 1, "{}", log.text());
    assert_eq!(send(&service, write()).await.body(), "run 2");
}

/// A mock that has nothing to replace says what it was told.
#[tokio::test(start_paused = true)]
async fn a_lost_claim_is_not_renewed() {
    let (log, _guard) = TestLog::capture();
    let mock = MockCache::new()
        .on_set_if_absent(PLACE, Ok(SetIfAbsent::Stored))
        .on_set_if_absent(PLACE, Ok(SetIfAbsent::Present("somebody else's".into())))
        .on_replace_if_equal(PLACE, Ok(ReplaceIfEqual::Different));
    let (mock, layer) = on_mock(mock);
    let handler = Counting::held_up();
    let call = tokio::spawn(handler.behind(&layer).oneshot(write()));
    until("the loss is noticed", async || !log.lines_with("lost while the write ran").is_empty()).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(steps(&mock), ["claim", "renew", "claim"]);
    handler.let_on();
    assert_eq!(call.await.unwrap().unwrap().status(), StatusCode::CREATED);
}

/// The node is slow to fail, and back before the lease is over.
#[tokio::test(start_paused = true)]
async fn a_renewal_that_failed_is_tried_again_soon() {
    let (mock, layer) = on_mock(MockCache::new());
    let handler = Counting::held_up();
    let started = tokio::time::Instant::now();
    let call = tokio::spawn(handler.behind(&layer).oneshot(write()));
    until("the handler runs", async || handler.runs() == 1).await;
    mock.fail(Some(timed_out()));
    until("two renewals failed", async || steps(&mock).len() == 3).await;
    mock.fail(None);
    until("the claim is renewed", async || steps(&mock).len() == 4).await;
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
    handler.let_on();
    assert_eq!(call.await.unwrap().unwrap().status(), StatusCode::CREATED);
}

/// Somebody put another type under the key: no waiting changes that.
#[tokio::test(start_paused = true)]
async fn what_is_no_outage_is_not_tried_again() {
    let mock = MockCache::new()
        .on_replace_if_equal(PLACE, Err(CacheError::WrongType))
        .on_delete_if_equal(PLACE, Err(CacheError::WrongType));
    let (mock, layer) = on_mock(mock);
    let (log, _guard) = TestLog::capture();
    assert_eq!(send(&Counting::new().behind(&layer), write()).await.status(), StatusCode::CREATED);
    let failing = Counting::new().answering(StatusCode::INTERNAL_SERVER_ERROR);
    send(&failing.behind(&layer), write()).await;
    layer.idle().await;
    assert_eq!(steps(&mock), ["claim", "complete", "claim", "release"]);
    assert_eq!(log.lines_with("could not be kept").len(), 1, "{}", log.text());
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_waited_out_for_five_minutes_and_looked_at_twice_a_second() {
    let (mock, layer) = on_mock(MockCache::new().on_replace_if_equal(PLACE, Err(away())));
    let mut request = write();
    request.headers_mut().insert("x-ttl", "86400".parse().unwrap());
    let started = tokio::time::Instant::now();
    send(&Counting::new().behind(&layer), request).await;
    layer.idle().await;
    assert!((295..=300).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    assert!((590..=610).contains(&steps(&mock).len()), "{}", steps(&mock).len());
}

/// The fact alone is no larger than the claim that it replaces.
#[tokio::test(start_paused = true)]
async fn where_the_cache_has_no_room_for_the_answer_it_keeps_that_there_was_one() {
    let mock = MockCache::new()
        .on_replace_if_equal(PLACE, Err(CacheError::Full { limit: cache::PinnedLimit::Bytes(1) }))
        .on_replace_if_equal(PLACE, Ok(ReplaceIfEqual::Replaced));
    let (mock, layer) = on_mock(mock);
    assert_eq!(send(&Counting::new().behind(&layer), write()).await.body(), "run 1");
    layer.idle().await;
    assert_eq!(steps(&mock), ["claim", "complete", "complete"]);
    let [claim, large, bare] = [0, 1, 2].map(|call| match mock.calls().swap_remove(call) {
        MockCall::SetIfAbsent { value, .. } | MockCall::ReplaceIfEqual { value, .. } => value,
        other => panic!("{other:?}"),
    });
    assert!(record::Record::read(&large).unwrap().sealed_answer().is_some());
    assert!(record::Record::read(&bare).unwrap().sealed_answer().is_none());
    assert!(bare.len() <= claim.len());
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_refusals_is_one_warning() {
    let (log, _guard) = TestLog::capture();
    let (_mock, layer) = on_mock(MockCache::new().failing_with(away()));
    let service = Counting::new().behind(&layer);
    for _ in 0..20 {
        assert_unavailable(&send(&service, write()).await);
    }
    assert_eq!(log.lines_with("WARN").len(), 1, "{}", log.text());
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_unavailable(&send(&service, write()).await);
    assert_eq!(log.lines_with("left_out=19").len(), 1, "{}", log.text());
}
