use super::*;

#[tokio::test]
async fn an_allowed_answer_says_how_much_is_left() {
    let granted = take(1, 49, Duration::ZERO, Duration::from_millis(54_001));
    let limited = Limited::new(MockCache::new().on_take(KEY, Ok(granted)));
    let response = limited.ask(get("someone")).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, "X-RateLimit-Limit"), "500");
    assert_eq!(header(&response, "X-RateLimit-Remaining"), "49");
    assert_eq!(header(&response, "X-RateLimit-Reset"), (NOW + 55).to_string());
    assert_eq!(header(&response, "RateLimit"), r#""default";r=49;t=55"#);
    assert_eq!(header(&response, "RateLimit-Policy"), r#""default";q=500;w=60"#);
    assert_eq!(header(&response, "X-RateLimit-Source"), "cache");
    assert_eq!(header(&response, "Retry-After"), "");
}

#[tokio::test]
async fn a_denied_answer_says_when_one_passes() {
    let denied = take(0, 0, Duration::from_millis(120), Duration::from_secs(60));
    let limited = Limited::new(MockCache::new().on_take(KEY, Ok(denied)));
    let response = limited.ask(get("someone")).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(header(&response, "X-RateLimit-Limit"), "500");
    assert_eq!(header(&response, "X-RateLimit-Remaining"), "0");
    assert_eq!(header(&response, "X-RateLimit-Reset"), (NOW + 60).to_string());
    assert_eq!(header(&response, "RateLimit"), r#""default";r=0;t=1"#);
    assert_eq!(header(&response, "Retry-After"), "1");
    assert_eq!(header(&response, "X-RateLimit-Source"), "cache");
    let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    let message = "more than 500 requests in 60 seconds: try again in 1 second";
    assert_eq!(
        body,
        serde_json::json!({
            "code": "rate_limit_exceeded",
            "title": "Too Many Requests",
            "message": message,
            "error": message,
        })
    );
}

#[tokio::test]
async fn what_the_service_behind_says_of_limits_is_replaced() {
    let limited = Limited::new(MockCache::new());
    let inner = service_fn(|_: Request<()>| {
        let response = Response::builder()
            .header("X-RateLimit-Remaining", "7")
            .header("ratelimit", "stale")
            .header("ratelimit", "older")
            .header("x-other", "kept");
        ready(Ok::<_, Infallible>(response.body(Bytes::new()).unwrap()))
    });
    let response = limited.layer.layer(inner).oneshot(get("someone")).await.unwrap();
    assert_eq!(header(&response, "X-RateLimit-Remaining"), "499");
    assert_eq!(header(&response, "RateLimit"), r#""default";r=499;t=1"#);
    assert_eq!(header(&response, "x-other"), "kept");
}

#[tokio::test]
async fn a_retry_time_is_rounded_up_and_never_zero() {
    let slow = RateTiers::default().with(RateTier::Default, 1, Duration::from_millis(2_500)).unwrap();
    for (reset_micros, seconds) in [(2_500_000, "3"), (2_000_001, "3"), (2_000_000, "2"), (1, "1"), (0, "1")]
    {
        let denied = take(0, 0, Duration::ZERO, Duration::from_micros(reset_micros));
        let cache = Arc::new(MockCache::new().on_take(KEY, Ok(denied)));
        let handle = CacheHandle::connected(Cache::Mock(cache));
        let layer = RateLimitLayer::new(handle, slow.clone());
        let inner = service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(Response::new(Bytes::new()))));
        let response = layer.layer(inner).oneshot(get("someone")).await.unwrap();
        assert_eq!(header(&response, "Retry-After"), seconds, "{reset_micros}");
        assert_eq!(header(&response, "RateLimit-Policy"), r#""default";q=1;w=3"#);
    }
}

#[tokio::test]
async fn an_exempt_request_is_neither_counted_nor_told() {
    let limited = Limited::new(MockCache::new());
    let layer = limited.layer.clone().exempt(|uri, _| uri.path() == "/health");
    let inner = service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(Response::new(Bytes::new()))));
    let probe = Request::get("/health").body(()).unwrap();
    let response = layer.layer(inner).oneshot(probe).await.unwrap();
    assert!(response.headers().is_empty());
    assert!(limited.cache.calls().is_empty());
    layer.layer(inner).oneshot(get("someone")).await.unwrap();
    assert_eq!(limited.takes().len(), 1);
}
