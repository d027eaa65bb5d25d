use std::error::Error;
use std::net::IpAddr;

use cache::{TakeRequest, TakeRequestError};

use super::*;
use crate::ClientAddress;

/// The key and the limit that a request is counted under.
async fn counted(limited: &Limited, request: Request<()>) -> (String, TakeRequest) {
    limited.ask(request).await;
    limited.takes().pop().unwrap()
}

fn of(limit: u64) -> TakeRequest {
    TakeRequest::new(limit, Duration::from_secs(60)).unwrap()
}

#[tokio::test]
async fn writes_have_a_tier_of_their_own() {
    let limited = Limited::new(MockCache::new());
    for (method, tier, limit) in [
        (Method::GET, "default", 500),
        (Method::HEAD, "default", 500),
        (Method::OPTIONS, "default", 500),
        (Method::POST, "aggressive", 100),
        (Method::PUT, "aggressive", 100),
        (Method::PATCH, "aggressive", 100),
        (Method::DELETE, "aggressive", 100),
    ] {
        let caller = Caller::new("someone".into(), Scopes::default());
        let counted = counted(&limited, request(method.clone(), caller)).await;
        assert_eq!(counted, (format!("tenant-manager:ratelimit:{tier}:someone"), of(limit)), "{method}");
    }
}

#[tokio::test]
async fn the_tier_of_a_caller_comes_before_that_of_the_route() {
    let mut limited = Limited::new(MockCache::new());
    limited.layer = limited.layer.clone().tier_from(|_, _| RateTier::Service).key_prefix("other");
    let (key, request_of) = counted(&limited, get("someone")).await;
    assert_eq!((key.as_str(), request_of), ("other:ratelimit:service:someone", of(60_000)));
    let caller = Caller::new("someone".into(), Scopes::default()).with_rate_tier(RateTier::Relaxed);
    let response = limited.ask(request(Method::POST, caller)).await;
    assert_eq!(header(&response, "RateLimit-Policy"), r#""relaxed";q=1000;w=60"#);
    assert_eq!(limited.takes().pop().unwrap(), ("other:ratelimit:relaxed:someone".to_owned(), of(1_000)));
}

#[tokio::test]
async fn without_a_caller_the_address_is_counted() {
    let limited = Limited::new(MockCache::new());
    let address: IpAddr = "10.1.2.3".parse().unwrap();
    let request = || Request::get("/").extension(ClientAddress(address)).body(()).unwrap();
    assert_eq!(counted(&limited, request()).await.0, "tenant-manager:ratelimit:default:ip:10.1.2.3");
    assert_eq!(counted(&limited, Request::new(())).await.0, "tenant-manager:ratelimit:default:ip:unknown");
}

#[test]
fn a_limit_that_cannot_work_names_its_tier() {
    let refused = |limit, window| {
        let error = RateTiers::default().with(RateTier::Service, limit, window).unwrap_err();
        assert!(error.to_string().contains("service") && error.source().is_some());
        assert_eq!(error.tier, RateTier::Service);
        error.reason
    };
    assert_eq!(refused(0, Duration::from_secs(60)), TakeRequestError::ZeroLimit);
    assert_eq!(refused(5, Duration::from_micros(4)), TakeRequestError::TooFast);
    assert_eq!(refused(5, Duration::from_secs(86_400 * 367)), TakeRequestError::TooLong);
}

#[tokio::test]
async fn a_burst_of_exactly_the_limit_passes_on_the_embedded_cache() {
    let tiers = RateTiers::default().with(RateTier::Default, 20, Duration::from_secs(3_600)).unwrap();
    let layer = RateLimitLayer::new(CacheHandle::connected(Cache::embedded()), tiers);
    let inner = service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(Response::new(Bytes::new()))));
    let service = layer.layer(inner);
    for left in (0..20).rev() {
        let response = service.clone().oneshot(get("someone")).await.unwrap();
        assert_eq!(header(&response, "X-RateLimit-Remaining"), left.to_string());
    }
    for _ in 0..5 {
        let response = service.clone().oneshot(get("someone")).await.unwrap();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(header(&response, "Retry-After"), "180");
    }
    assert_eq!(service.oneshot(get("another")).await.unwrap().status(), StatusCode::OK);
    let counters = layer.counters();
    assert_eq!((counters.allowed, counters.denied, counters.denied_from_memory), (21, 5, 4));
}
