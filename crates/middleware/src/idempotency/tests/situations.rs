//! Who comes with which key, and what they get.

use super::*;

#[tokio::test]
async fn a_repeat_gets_the_first_answer() {
    let (working, handler) = (Working::new(), Counting::new());
    let service = handler.behind(&working.layer);
    let first = send(&service, write()).await;
    assert_eq!((first.status(), first.body().as_ref()), (StatusCode::CREATED, b"run 1".as_slice()));
    assert_replayed(&first, false);
    for name in ["X-Idempotency", "Idempotency-Key", "X-Idempotency-Key"] {
        let mut again = write();
        let key = again.headers_mut().remove("x-idempotency").unwrap();
        again.headers_mut().insert(name.parse::<HeaderName>().unwrap(), key);
        let again = send(&service, again).await;
        assert_eq!((again.status(), again.body()), (first.status(), first.body()));
        assert_eq!(again.headers()["x-run"], "1");
        assert_replayed(&again, true);
    }
    assert_eq!(handler.runs(), 1);
    let counters = working.layer.counters();
    assert_eq!(counters, IdempotencyCounters { executed: 1, replayed: 3, ..IdempotencyCounters::default() });
}

#[tokio::test]
async fn no_key_or_no_write_goes_straight_through() {
    let (working, handler) = (Working::new(), Counting::new());
    let service = handler.behind(&working.layer);
    for method in ["GET", "HEAD", "OPTIONS"] {
        assert_replayed(&send(&service, request(method, "/", "order-17", "")).await, false);
    }
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let mut keyless = request(method, "/", "order-17", "");
        keyless.headers_mut().remove("x-idempotency");
        // Nobody needs to know who calls, and X-TTL alone says nothing.
        keyless.extensions_mut().clear();
        keyless.headers_mut().insert("x-ttl", "garbage".parse().unwrap());
        assert_eq!(send(&service, keyless).await.status(), StatusCode::CREATED);
    }
    assert_eq!(handler.runs(), 7);
    assert_eq!(working.standing().await, serde_json::Value::Null);
}

#[tokio::test]
async fn a_key_of_another_request_is_refused_whatever_its_state() {
    let (working, handler) = (Working::new(), Counting::held_up());
    let service = handler.behind(&working.layer);
    let first = tokio::spawn(service.clone().oneshot(write()));
    until("the handler runs", async || handler.runs() == 1).await;
    let others = || {
        [
            request("PUT", "/orders", "order-17", "{}"),
            request("POST", "/order", "order-17", "{}"),
            request("POST", "/orders?all=1", "order-17", "{}"),
            request("POST", "/orders", "order-17", "{ }"),
        ]
    };
    for other in others() {
        assert_refused(
            &send(&service, other).await,
            StatusCode::UNPROCESSABLE_ENTITY,
            "IDEMPOTENCY_KEY_REUSE",
        );
    }
    handler.let_on();
    assert_eq!(first.await.unwrap().unwrap().status(), StatusCode::CREATED);
    for other in others() {
        let answer = send(&service, other).await;
        assert_refused(&answer, StatusCode::UNPROCESSABLE_ENTITY, "IDEMPOTENCY_KEY_REUSE");
        assert_replayed(&answer, false);
    }
    assert_eq!(handler.runs(), 1);
}

#[tokio::test]
async fn a_repeat_of_a_running_write_is_told_to_wait() {
    let (working, handler) = (Working::new(), Counting::held_up());
    let service = handler.behind(&working.layer);
    let first = tokio::spawn(service.clone().oneshot(write()));
    until("the handler runs", async || handler.runs() == 1).await;
    let again = send(&service, write()).await;
    assert_refused(&again, StatusCode::CONFLICT, "IDEMPOTENCY_CONFLICT");
    assert_eq!(again.headers()["retry-after"], "1");
    assert_replayed(&again, true);
    let counters = working.layer.counters();
    assert_eq!((counters.executed, counters.in_progress, counters.replayed), (1, 1, 0));
    handler.let_on();
    assert_eq!(first.await.unwrap().unwrap().status(), StatusCode::CREATED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_calls_at_once_run_the_handler_once() {
    let (working, handler) = (Working::new(), Counting::held_up());
    let service = handler.behind(&working.layer);
    let calls: Vec<_> = (0..16)
        .map(|_| {
            let service = service.clone();
            tokio::spawn(async move { send(&service, write()).await })
        })
        .collect();
    until("the handler runs", async || handler.runs() == 1).await;
    handler.let_on();
    let mut winners = 0;
    for call in calls {
        let answer = call.await.unwrap();
        if answer.status() == StatusCode::CREATED {
            assert_eq!(answer.body(), "run 1");
            winners += usize::from(!answer.headers().contains_key("x-idempotency-replayed"));
        } else {
            assert_refused(&answer, StatusCode::CONFLICT, "IDEMPOTENCY_CONFLICT");
        }
    }
    assert_eq!((winners, handler.runs()), (1, 1));
}

#[tokio::test]
async fn final_answers_are_kept_and_others_free_the_key() {
    for (status, runs) in [
        (200, 1),
        (204, 1),
        (303, 1),
        (400, 1),
        (403, 1),
        (404, 1),
        (409, 1),
        (422, 1),
        (408, 2),
        (425, 2),
        (429, 2),
        (500, 2),
        (502, 2),
        (503, 2),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let (working, handler) = (Working::new(), Counting::new().answering(status));
        let service = handler.behind(&working.layer);
        for _ in 0..2 {
            assert_eq!(send(&service, write()).await.status(), status);
        }
        assert_eq!(handler.runs(), runs, "{status}");
    }
}

#[tokio::test]
async fn callers_have_keys_of_their_own() {
    let (working, handler) = (Working::new(), Counting::new());
    let service = handler.behind(&working.layer);
    let calls = [("a:b", "c"), ("a", "b:c"), ("a%3Ab", "c"), ("a", "c"), ("b", "c")];
    for (index, (caller, key)) in calls.into_iter().enumerate() {
        let mut request = request("POST", "/", key, "");
        request.extensions_mut().insert(Caller::new(caller_id(caller), Scopes::default()));
        assert_eq!(send(&service, request).await.body(), &format!("run {}", index + 1));
    }
}

#[tokio::test]
async fn a_keyed_write_of_nobody_is_refused() {
    let (working, handler) = (Working::new(), Counting::new());
    let mut nobody = write();
    nobody.extensions_mut().clear();
    let answer = send(&handler.behind(&working.layer), nobody.clone()).await;
    assert_refused(&answer, StatusCode::UNAUTHORIZED, "UNAUTHORIZED");
    assert_eq!(answer.headers()["www-authenticate"], "ApiKey");
    assert_eq!(handler.runs(), 0);
    let layer = working.layer.scope_from(|_extensions| Some("everybody".into()));
    assert_eq!(send(&handler.behind(&layer), nobody).await.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn wrong_headers_are_told() {
    let (working, handler) = (Working::new(), Counting::new());
    let service = handler.behind(&working.layer);
    let mut two = write();
    two.headers_mut().insert("idempotency-key", "another".parse().unwrap());
    let mut ttl = write();
    ttl.headers_mut().insert("x-ttl", "0".parse().unwrap());
    for request in [request("POST", "/", "", ""), request("POST", "/", &"k".repeat(257), ""), two, ttl] {
        assert_refused(&send(&service, request).await, StatusCode::BAD_REQUEST, "VALIDATION_ERROR");
    }
    assert_eq!(handler.runs(), 0);
    assert_eq!(
        send(&service, request("POST", "/", &"k".repeat(256), "")).await.status(),
        StatusCode::CREATED
    );
}

#[tokio::test]
async fn the_time_of_a_repeat_is_what_was_asked_for() {
    let cases = [(None, 300, 300), (Some("7"), 7, 7), (Some("999999"), 86_400, 300)];
    // Only of a write that was done it is worth while to know it for longer.
    let cases = cases.into_iter().flat_map(|(asked, done, refused)| {
        [(asked, 201, done), (asked, 303, refused), (asked, 404, refused)]
    });
    for (asked, status, seconds) in cases {
        let (mock, layer) = on_mock(MockCache::new());
        let handler = Counting::new().answering(StatusCode::from_u16(status).unwrap());
        let mut request = write();
        if let Some(asked) = asked {
            request.headers_mut().insert("x-ttl", asked.parse().unwrap());
        }
        send(&handler.behind(&layer), request).await;
        let expiries: Vec<_> = mock.calls().iter().map(outage::expiry_of).collect();
        assert_eq!(expiries, [Duration::from_secs(10), Duration::from_secs(seconds)], "{asked:?} {status}");
    }
}

#[tokio::test]
async fn services_with_a_prefix_each_share_a_cache_and_no_keys() {
    let (working, handler) = (Working::new(), Counting::new());
    let other = IdempotencyLayer::new(CacheHandle::connected(working.cache.clone()), ring()).key_prefix("b");
    for (layer, run) in [(&working.layer, "run 1"), (&other, "run 2"), (&working.layer, "run 1")] {
        assert_eq!(send(&handler.behind(layer), write()).await.body(), run);
    }
    let place = [b"b:".as_slice(), PLACE].concat();
    let standing: serde_json::Value = working.cache.find(&place).await.unwrap().unwrap();
    assert_eq!(standing["state"], "complete");
}

#[tokio::test]
async fn what_stands_under_the_key_and_is_not_ours_is_no_answer() {
    for standing in ["", "text", "{}", r#"{"state":"complete","fingerprint":""}"#] {
        let (working, handler) = (Working::new(), Counting::new());
        working.cache.set(PLACE, standing.into(), cache::Expiry::Never).await.unwrap();
        let answer = send(&handler.behind(&working.layer), write()).await;
        assert_refused(&answer, StatusCode::CONFLICT, "IDEMPOTENCY_NOT_REPLAYABLE");
        assert_eq!(handler.runs(), 0);
    }
}

/// Who can write to the cache can change what is beside the sealed answer, and put old answers back.
#[tokio::test]
async fn an_answer_does_not_open_for_another_request_of_its_key() {
    let (working, handler) = (Working::new(), Counting::new());
    let service = handler.behind(&working.layer);
    send(&service, write()).await;
    let mut forged = working.standing().await;
    let print = domain::Fingerprint::of_request("POST", "/orders", "", b"{\"another\":1}");
    forged["fingerprint"] = print.to_string().into();
    working.cache.set(PLACE, forged.to_string().into(), cache::Expiry::Never).await.unwrap();
    let answer = send(&service, request("POST", "/orders", "order-17", "{\"another\":1}")).await;
    assert_refused(&answer, StatusCode::CONFLICT, "IDEMPOTENCY_NOT_REPLAYABLE");
    assert_eq!(handler.runs(), 1);
}
