use cache::CacheError;

use super::*;
use crate::CacheTrouble;
use crate::test_log::TestLog;

fn timeout() -> CacheError {
    CacheError::Timeout { node: "valkey:6379".to_owned(), after: Duration::from_millis(500) }
}

fn cut() -> CacheError {
    CacheError::Interrupted { node: "valkey:6379".to_owned() }
}

#[tokio::test]
async fn local_counts_in_this_process_and_says_so() {
    let limited = Limited::new(MockCache::new().failing_with(timeout()));
    for left in (400..500).rev() {
        let response = limited.ask(get("someone")).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(header(&response, "X-RateLimit-Source"), "local");
        // A slow test earns some back.
        let remaining: u64 = header(&response, "X-RateLimit-Remaining").parse().unwrap();
        assert!(remaining >= left && remaining < 500, "{remaining}");
    }
    assert_eq!(limited.layer.counters().local, 100);
    limited.cache.fail(None);
    assert_eq!(header(&limited.ask(get("someone")).await, "X-RateLimit-Source"), "cache");
}

#[tokio::test]
async fn local_denies_as_the_cache_would() {
    let cache = Arc::new(MockCache::new().failing_with(cut()));
    let tiers = RateTiers::default().with(RateTier::Default, 3, Duration::from_secs(3_600)).unwrap();
    let layer = RateLimitLayer::new(CacheHandle::connected(Cache::Mock(cache)), tiers);
    let service =
        layer.layer(service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(Response::new(Bytes::new())))));
    for _ in 0..3 {
        assert_eq!(service.clone().oneshot(get("someone")).await.unwrap().status(), StatusCode::OK);
    }
    let response = service.oneshot(get("someone")).await.unwrap();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(header(&response, "X-RateLimit-Source"), "local");
    assert_eq!(header(&response, "Retry-After"), "1200");
}

#[tokio::test]
async fn open_lets_everything_pass_without_numbers() {
    let limited = Limited::on_failure(MockCache::new().failing_with(cut()), OnCacheFailure::Open);
    let response = limited.ask(get("someone")).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, "X-RateLimit-Source"), "open");
    assert_eq!(header(&response, "X-RateLimit-Limit"), "500");
    assert_eq!(header(&response, "X-RateLimit-Remaining"), "");
    assert_eq!(header(&response, "RateLimit"), "");
    assert_eq!((limited.layer.counters().open, limited.layer.counters().allowed), (1, 1));
}

#[tokio::test]
async fn closed_answers_503_and_nothing_about_the_inside() {
    let limited = Limited::on_failure(MockCache::new().failing_with(cut()), OnCacheFailure::Closed);
    let response = limited.ask(get("someone")).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(header(&response, "Retry-After"), "1");
    assert_eq!(header(&response, "X-RateLimit-Source"), "closed");
    let body = String::from_utf8(response.body().to_vec()).unwrap();
    assert!(body.contains("service_unavailable") && !body.contains("valkey"), "{body}");
    let counters = limited.layer.counters();
    assert_eq!((counters.closed, counters.allowed, counters.denied), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_for_the_cache_than_may_be() {
    let limited = Limited::new(MockCache::new());
    limited.cache.hold_takes(true);
    let layer = limited.layer.clone();
    let layer = layer.cache_time(Duration::from_millis(50)).on_cache_failure(OnCacheFailure::Open);
    let service =
        layer.layer(service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(Response::new(Bytes::new())))));
    let began = tokio::time::Instant::now();
    let response = service.oneshot(get("someone")).await.unwrap();
    assert_eq!(began.elapsed(), Duration::from_millis(50));
    assert_eq!(header(&response, "X-RateLimit-Source"), "open", "both builders count, in any order");
}

#[tokio::test]
async fn a_builder_changes_the_policy() {
    let limited = Limited::new(MockCache::new().failing_with(cut()));
    let layer = limited.layer.clone().on_cache_failure(OnCacheFailure::Open);
    let service =
        layer.layer(service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(Response::new(Bytes::new())))));
    service.oneshot(get("someone")).await.unwrap();
    assert_eq!(layer.counters().open, 1);
}

#[tokio::test]
async fn a_cache_that_was_never_connected_is_away() {
    let handle = CacheHandle::connecting(["valkey:6379".to_owned()]);
    let layer = RateLimitLayer::new(handle, RateTiers::default());
    let service =
        layer.layer(service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(Response::new(Bytes::new())))));
    let response = service.oneshot(get("someone")).await.unwrap();
    assert_eq!(header(&response, "X-RateLimit-Source"), "local");
    assert_eq!(layer.counters().takes, 0);
    assert_eq!(layer.limiter().takes.len(), 0);
}

#[tokio::test]
async fn those_that_wait_behind_a_failure_do_not_wait_again() {
    let limited = Limited::new(MockCache::new().failing_with(timeout()));
    limited.cache.hold_takes(true);
    let asking: Vec<_> = (0..5)
        .map(|_| {
            let service = limited.service();
            tokio::spawn(async move { service.oneshot(get("someone")).await.unwrap() })
        })
        .collect();
    while limited.takes().is_empty() {
        tokio::task::yield_now().await;
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    limited.cache.hold_takes(false);
    for response in asking {
        assert_eq!(header(&response.await.unwrap(), "X-RateLimit-Source"), "local");
    }
    assert_eq!(limited.takes().len(), 1);
    assert_eq!(limited.layer.limiter().takes.len(), 0);
}

#[tokio::test]
async fn a_request_that_waited_in_vain_tells_those_behind_and_one_that_is_told_does_not_wait() {
    let limited = Limited::new(MockCache::new());
    let inner = service_fn(|request: Request<()>| {
        let is_told = request.extensions().get::<CacheTrouble>().is_some();
        ready(Ok::<_, Infallible>(Response::new(Bytes::from(is_told.to_string()))))
    });
    let ask = async |request| limited.layer.layer(inner).oneshot(request).await.unwrap();
    assert_eq!(ask(get("someone")).await.body(), "false");
    // Nothing was waited for.
    limited.cache.fail(Some(cut()));
    assert_eq!(ask(get("someone")).await.body(), "false");
    limited.cache.fail(Some(timeout()));
    assert_eq!(ask(get("someone")).await.body(), "true");
    let asked = limited.takes().len();
    let mut request = get("someone");
    request.extensions_mut().insert(CacheTrouble);
    assert_eq!(header(&ask(request).await, "X-RateLimit-Source"), "local");
    assert_eq!(limited.takes().len(), asked);
}

#[tokio::test]
async fn an_outage_is_logged_when_it_begins_every_ten_seconds_and_when_it_is_over() {
    let (log, _guard) = TestLog::capture();
    let limited = Limited::new(MockCache::new().failing_with(timeout()));
    let lines = |text| log.lines_with(text).len();
    let counts = || (lines("decided without the cache"), lines("by the cache again"));
    for _ in 0..20 {
        limited.ask(get("someone")).await;
        limited.advance(Duration::from_millis(100));
    }
    assert_eq!(counts(), (1, 0), "{}", log.text());
    limited.advance(Duration::from_secs(8));
    limited.ask(get("someone")).await;
    assert_eq!(counts(), (2, 0));
    limited.cache.fail(None);
    limited.ask(get("someone")).await;
    assert_eq!(counts(), (2, 0), "one that succeeds is not the end");
    limited.advance(Duration::from_secs(10));
    limited.ask(get("someone")).await;
    limited.ask(get("someone")).await;
    assert_eq!(counts(), (2, 1));
    assert!(log.text().contains("no answer from valkey:6379"));
    assert!(!log.text().contains("someone"), "no caller is named");
}
