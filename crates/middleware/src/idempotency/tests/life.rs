//! Handlers that take long, panic, fail, or are left alone.

use std::panic::AssertUnwindSafe;

use tower::limit::ConcurrencyLimitLayer;
use tracing::Instrument as _;

use super::*;
use crate::test_log::TestLog;

#[tokio::test]
async fn the_client_going_away_loses_nothing() {
    let (working, handler) = (Working::new(), Counting::held_up());
    let service = handler.behind(&working.layer);
    let first = tokio::spawn(service.clone().oneshot(write()));
    until("the handler runs", async || handler.runs() == 1).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    handler.let_on();
    until("the answer is kept", async || working.standing().await["state"] == "complete").await;
    let again = send(&service, write()).await;
    assert_eq!(again.body(), "run 1");
    assert_replayed(&again, true);
}

#[tokio::test]
async fn a_panic_goes_on_to_the_caller_and_frees_the_key() {
    let (working, runs) = (Working::new(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&runs);
    let handler = service_fn(move |_request: Request<Full<Bytes>>| {
        let run = counted.fetch_add(1, Ordering::SeqCst);
        async move {
            assert!(run > 1, "a panic of the test");
            Ok::<_, Infallible>(Response::new(Full::from("done")))
        }
    });
    let service = behind(&working.layer, handler);
    for _ in 0..2 {
        let panicked = tokio::spawn(AssertUnwindSafe(service.clone().oneshot(write())).0).await.unwrap_err();
        let payload = panicked.into_panic();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"a panic of the test"));
        assert_eq!(working.standing().await, serde_json::Value::Null);
    }
    assert_eq!(send(&service, write()).await.body(), "done");
}

#[tokio::test]
async fn an_error_goes_on_to_the_caller_and_frees_the_key() {
    let working = Working::new();
    let handler = service_fn(async |_: Request<Full<Bytes>>| {
        Err::<Response<Full<Bytes>>, _>(std::io::Error::other("an error of the test"))
    });
    let service = behind(&working.layer, handler);
    for _ in 0..2 {
        let error = service.clone().oneshot(write()).await.unwrap_err();
        assert_eq!(error.to_string(), "an error of the test");
        assert_eq!(working.standing().await, serde_json::Value::Null);
    }
}

#[tokio::test(start_paused = true)]
async fn the_claim_is_renewed_while_the_handler_runs() {
    let (mock, layer) = on_mock(MockCache::new());
    let handler = Counting::held_up();
    let call = tokio::spawn(handler.behind(&layer).oneshot(write()));
    // The paused clock goes on by itself while everybody waits.
    let renewals = || outage::steps(&mock).iter().filter(|step| **step == "renew").count();
    until("it was renewed twice", async || renewals() >= 2).await;
    handler.let_on();
    assert_eq!(call.await.unwrap().unwrap().status(), StatusCode::CREATED);
    assert_eq!(outage::steps(&mock), ["claim", "renew", "renew", "complete"]);
    let expiries: Vec<_> = mock.calls().iter().map(outage::expiry_of).collect();
    assert_eq!(expiries[..3], [Duration::from_secs(10); 3]);
}

#[tokio::test]
async fn a_handler_slower_than_the_lease_keeps_its_key() {
    let lease = Duration::from_millis(500);
    let working = Working::with_settings(IdempotencySettings { lease, ..IdempotencySettings::default() });
    let handler = Counting::held_up();
    let service = handler.behind(&working.layer);
    let first = tokio::spawn(service.clone().oneshot(write()));
    until("the handler runs", async || handler.runs() == 1).await;
    let started = tokio::time::Instant::now();
    until("three leases are over", async || {
        assert_eq!(working.standing().await["state"], "processing");
        started.elapsed() > lease * 3
    })
    .await;
    assert_refused(&send(&service, write()).await, StatusCode::CONFLICT, "IDEMPOTENCY_CONFLICT");
    handler.let_on();
    assert_eq!(first.await.unwrap().unwrap().status(), StatusCode::CREATED);
}

#[test]
fn the_key_of_a_dead_process_is_free_after_the_lease() {
    let lease = Duration::from_millis(500);
    let working = Working::with_settings(IdempotencySettings { lease, ..IdempotencySettings::default() });
    let handler = Counting::held_up();
    let service = handler.behind(&working.layer);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();

    // The runtime takes all its tasks along, as the end of a process does.
    let dies = runtime();
    dies.block_on(async {
        let call = tokio::spawn(service.clone().oneshot(write()));
        until("the handler runs", async || handler.runs() == 1).await;
        call.abort();
    });
    drop(dies);

    runtime().block_on(async {
        assert_eq!(working.standing().await["state"], "processing");
        until("the lease is over", async || working.standing().await.is_null()).await;
        handler.let_on();
        let answer = send(&service, write()).await;
        assert_eq!(answer.body(), "run 2");
        assert_replayed(&answer, false);
    });
}

#[test]
fn a_call_whose_runtime_ends_is_answered() {
    let working = Working::new();
    let handler = Counting::held_up();
    let service = handler.behind(&working.layer);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let dies = runtime();
    let mut call = Box::pin(service.oneshot(write()));
    dies.block_on(async {
        tokio::select! {
            _ = &mut call => panic!("nobody let the handler on"),
            () = until("the handler runs", async || handler.runs() == 1) => {}
        }
    });
    drop(dies);
    let answer = runtime().block_on(async { whole(call.await.unwrap()).await });
    assert_unavailable(&answer);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_does_not_end_is_stopped() {
    let (mock, layer) = on_mock(MockCache::new());
    let handler = Counting::held_up();
    let started = tokio::time::Instant::now();
    let answer = send(&handler.behind(&layer), write()).await;
    assert_unavailable(&answer);
    assert_eq!(started.elapsed().as_secs(), 300);
    assert_eq!(outage::steps(&mock).last(), Some(&"release"));
}

#[tokio::test]
async fn only_so_many_run_at_once() {
    let settings = IdempotencySettings { max_running: 4, ..IdempotencySettings::default() };
    let (working, handler) = (Working::with_settings(settings), Counting::held_up());
    // Two routes share the bound.
    let (one, other) = (handler.behind(&working.layer), handler.behind(&working.layer.clone()));
    let calls: Vec<_> = [(&one, "a"), (&other, "b")]
        .into_iter()
        .map(|(service, key)| tokio::spawn(service.clone().oneshot(request("POST", "/", key, ""))))
        .collect();
    until("both run", async || handler.runs() == 2).await;
    assert_unavailable(&send(&one, request("POST", "/", "c", "")).await);
    let mut keyless = write();
    keyless.headers_mut().remove("x-idempotency");
    let keyless = tokio::spawn(one.clone().oneshot(keyless));
    until("a write without a key runs", async || handler.runs() == 3).await;
    (0..3).for_each(|_| handler.let_on());
    for call in calls.into_iter().chain([keyless]) {
        assert_eq!(call.await.unwrap().unwrap().status(), StatusCode::CREATED);
    }
    working.layer.idle().await;
    handler.let_on();
    assert_eq!(send(&one, request("POST", "/", "c", "")).await.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn idle_waits_for_what_runs() {
    let (working, handler) = (Working::new(), Counting::held_up());
    let call = tokio::spawn(handler.behind(&working.layer).oneshot(write()));
    until("the handler runs", async || handler.runs() == 1).await;
    let layer = working.layer.clone();
    let idle = tokio::spawn(async move { layer.idle().await });
    tokio::task::yield_now().await;
    assert!(!idle.is_finished());
    handler.let_on();
    idle.await.unwrap();
    assert_eq!(working.standing().await["state"], "complete");
    assert_eq!(call.await.unwrap().unwrap().status(), StatusCode::CREATED);
}

/// A limit hands out its permit in `poll_ready`: a service that is called without it panics.
#[tokio::test]
async fn calls_the_service_that_was_ready() {
    let working = Working::new();
    let inner = service_fn(async |_: Request<Full<Bytes>>| {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("")))
    });
    let mut service = working.layer.layer(ConcurrencyLimitLayer::new(1).layer(inner));
    for key in ["a", "b", "b"] {
        let answer = service.ready().await.unwrap().call(request("POST", "/", key, "")).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn the_handler_logs_in_the_span_of_its_request_and_no_log_has_the_key() {
    let (log, _guard) = TestLog::capture();
    let working = Working::new();
    let handler = service_fn(async |request: Request<Full<Bytes>>| {
        tracing::info!(write = ?request.extensions().get::<KeyedWrite>().unwrap(), "handled");
        Ok::<_, Infallible>(Response::new(Full::from("")))
    });
    let service = behind(&working.layer, handler);
    for body in ["{}", "{}", "other"] {
        let call = send(&service, request("POST", "/orders", "order-17", body));
        call.instrument(tracing::info_span!("request", id = "r-1")).await;
    }
    working.cache.set(PLACE, "garbage".into(), cache::Expiry::Never).await.unwrap();
    send(&service, write()).await;
    assert!(log.lines_with("handled")[0].contains("r-1"), "{}", log.text());
    assert_eq!(log.lines_with("cannot be read").len(), 1);
    assert!(!log.text().contains("order-17"), "{}", log.text());
}
