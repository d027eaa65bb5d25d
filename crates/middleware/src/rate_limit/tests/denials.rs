use super::*;

/// A denial of a limit of one in this window, as the cache gives it.
fn denial(window: Duration) -> Take {
    take(0, 0, window, window)
}

fn one_in(window: Duration) -> Limited {
    let limited = Limited::new(MockCache::new().on_take(KEY, Ok(denial(window))));
    let tiers = RateTiers::default().with(RateTier::Default, 1, window).unwrap();
    let handle = CacheHandle::connected(Cache::Mock(Arc::clone(&limited.cache)));
    let clock = SteadyClock::Manual(Arc::clone(&limited.clock));
    let layer = RateLimitLayer::with_clock(handle, tiers, clock, OnCacheFailure::Local);
    Limited { layer, ..limited }
}

#[tokio::test]
async fn a_denied_caller_costs_no_round_trip_for_a_second() {
    let limited = one_in(Duration::from_secs(10));
    for (after, retry) in [(0, "10"), (400, "10"), (599, "10")] {
        limited.advance(Duration::from_millis(after));
        let response = limited.ask(get("someone")).await;
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(header(&response, "Retry-After"), retry);
        assert_eq!(header(&response, "X-RateLimit-Reset"), (NOW + 10).to_string());
        assert_eq!(header(&response, "X-RateLimit-Source"), "cache");
    }
    assert_eq!(limited.takes().len(), 1);
    assert_eq!(limited.ask(get("another")).await.status(), StatusCode::OK);
    // After a second the cache is asked again: an operator may have removed the limit.
    limited.advance(Duration::from_millis(1));
    limited.ask(get("someone")).await;
    assert_eq!(limited.takes().len(), 3);
    let counters = limited.layer.counters();
    assert_eq!((counters.denied, counters.denied_from_memory), (4, 2));
}

#[tokio::test]
async fn the_remembered_wait_counts_down() {
    let limited = one_in(Duration::from_millis(1_500));
    assert_eq!(header(&limited.ask(get("someone")).await, "Retry-After"), "2");
    limited.advance(Duration::from_millis(499));
    assert_eq!(header(&limited.ask(get("someone")).await, "Retry-After"), "2");
    limited.advance(Duration::from_millis(1));
    assert_eq!(header(&limited.ask(get("someone")).await, "Retry-After"), "1");
    assert_eq!(limited.takes().len(), 1);
}

#[tokio::test]
async fn a_denial_is_not_remembered_past_the_moment_when_one_passes() {
    let limited = one_in(Duration::from_millis(120));
    limited.ask(get("someone")).await;
    limited.advance(Duration::from_micros(119_999));
    limited.ask(get("someone")).await;
    assert_eq!(limited.takes().len(), 1);
    limited.advance(Duration::from_micros(1));
    limited.ask(get("someone")).await;
    assert_eq!(limited.takes().len(), 2);
}

#[tokio::test]
async fn those_that_wait_behind_a_denial_are_denied_with_it() {
    let limited = one_in(Duration::from_secs(10));
    limited.cache.hold_takes(true);
    let asking: Vec<_> = (0..5)
        .map(|_| {
            let service = limited.service();
            tokio::spawn(async move { service.oneshot(get("someone")).await.unwrap().status() })
        })
        .collect();
    while limited.takes().is_empty() {
        tokio::task::yield_now().await;
    }
    limited.cache.hold_takes(false);
    for status in asking {
        assert_eq!(status.await.unwrap(), StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(limited.takes().len(), 1);
}

#[tokio::test]
async fn a_limit_that_an_operator_removes_is_open_within_a_second() {
    let cache = Cache::embedded();
    let tiers = RateTiers::default().with(RateTier::Default, 1, Duration::from_secs(3_600)).unwrap();
    let clock = Arc::new(AtomicU64::new(0));
    let handle = CacheHandle::connected(cache.clone());
    let steady = SteadyClock::Manual(Arc::clone(&clock));
    let layer = RateLimitLayer::with_clock(handle, tiers, steady, OnCacheFailure::Local);
    let inner = service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(Response::new(Bytes::new()))));
    let ask = async || layer.layer(inner).oneshot(get("someone")).await.unwrap().status();
    assert_eq!((ask().await, ask().await), (StatusCode::OK, StatusCode::TOO_MANY_REQUESTS));
    assert_eq!(cache::CacheClient::del(&cache, &[Bytes::from_static(KEY)]).await, Ok(1));
    clock.store(999_999, Ordering::SeqCst);
    assert_eq!(ask().await, StatusCode::TOO_MANY_REQUESTS);
    clock.store(1_000_000, Ordering::SeqCst);
    assert_eq!(ask().await, StatusCode::OK);
}

#[tokio::test]
async fn memory_of_denials_is_bounded_and_given_back() {
    let tiers = RateTiers::default().with(RateTier::Default, 1, Duration::from_secs(3_600)).unwrap();
    let clock = Arc::new(AtomicU64::new(0));
    let steady = SteadyClock::Manual(Arc::clone(&clock));
    let handle = CacheHandle::connected(Cache::embedded());
    let layer = RateLimitLayer::with_clock(handle, tiers, steady, OnCacheFailure::Local);
    let service =
        layer.layer(service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(Response::new(Bytes::new())))));
    for caller in 0..20_000 {
        let name = format!("caller-{caller}");
        for expected in [StatusCode::OK, StatusCode::TOO_MANY_REQUESTS, StatusCode::TOO_MANY_REQUESTS] {
            let response = service.clone().oneshot(get(&name)).await.unwrap();
            assert_eq!(response.status(), expected, "{name}");
        }
    }
    let held = layer.limiter().takes.len();
    assert!((8_000..=16_384).contains(&held), "{held}");
    // What is over makes room.
    clock.store(2_000_000, Ordering::SeqCst);
    for caller in 0..2_000 {
        service.clone().oneshot(get(&format!("caller-{caller}"))).await.unwrap();
    }
    let held = layer.limiter().takes.len();
    assert!(held < 16_384, "{held}");
    let before = layer.counters().denied_from_memory;
    service.clone().oneshot(get("caller-1999")).await.unwrap();
    assert_eq!(layer.counters().denied_from_memory, before + 1);
}
