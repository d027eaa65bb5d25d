//! What one service asks with one key.

use super::*;

/// In the extensions of a request that a service polls.
#[derive(Clone)]
struct Polled;

/// A minute of it, all at once: each of five pods watches 200 tenants with 3 managers, each of which asks every 30 s.
const REQUESTS: u64 = 5 * 200 * 3 * 2;

fn tier_of_route(_: &Method, extensions: &Extensions) -> RateTier {
    if extensions.get::<Polled>().is_some() { RateTier::Service } else { RateTier::Default }
}

/// How many of these requests two replicas deny that share a cache.
async fn denied(request: impl Fn() -> Request<()>) -> u64 {
    let cache = Cache::embedded();
    let layers = [(); 2].map(|()| {
        RateLimitLayer::new(CacheHandle::connected(cache.clone()), RateTiers::default())
            .tier_from(tier_of_route)
    });
    let inner = service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(Response::new(Bytes::new()))));
    let services = [layers[0].layer(inner), layers[1].layer(inner)];
    let asking: Vec<_> = (0..REQUESTS)
        .map(|number| {
            // Any number, the same in each run.
            let jitter = number.wrapping_mul(6_364_136_223_846_793_005) >> 59;
            let answer = services[usize::from(jitter % 2 == 1)].clone().oneshot(request());
            tokio::spawn(async move {
                for _ in 0..jitter {
                    tokio::task::yield_now().await;
                }
                answer.await.unwrap().status()
            })
        })
        .collect();
    let mut denied = 0;
    for status in asking {
        match tokio::time::timeout(Duration::from_secs(60), status).await.unwrap().unwrap() {
            StatusCode::OK => {}
            StatusCode::TOO_MANY_REQUESTS => denied += 1,
            other => panic!("{other}"),
        }
    }
    let counters = layers.map(|layer| layer.counters());
    assert_eq!(counters[0].denied + counters[1].denied, denied);
    assert_eq!(counters[0].allowed + counters[1].allowed, REQUESTS - denied);
    assert!(counters.iter().all(|counters| counters.takes > 0 && counters.local + counters.open == 0));
    denied
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_pods_of_a_service_with_two_hundred_tenants_meet_no_429() {
    let polled = || {
        let mut request = get("a-service");
        request.extensions_mut().insert(Polled);
        request
    };
    assert_eq!(denied(polled).await, 0);
    // 500 pass, and one more each 120 ms.
    let by_default = denied(|| get("a-service")).await;
    assert!((5_000..=REQUESTS - 500).contains(&by_default), "{by_default}");
}
