//! What limits a caller while the cache is away, as `RATE_LIMIT_ON_CACHE_FAILURE` says.

use service_tests::TestService;
use testkit::ValkeyServer;

use super::service::{Got, LIMIT, Protected};
use crate::support::PATIENCE;

/// A service whose cache is gone, and a caller that it knows.
async fn without_cache(policy: &str) -> Protected {
    let server = ValkeyServer::start().await;
    let variables = [
        ("CACHE_MODE", "single"),
        ("CACHE_ADDRS", &*server.address().to_string()),
        ("RATE_LIMIT_MAX", "5"),
        ("RATE_LIMIT_ON_CACHE_FAILURE", policy),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let service = Protected::start(TestService::new(2), &variables).await;
    assert_eq!(service.read(0).await.rung, "cache");
    server.kill();
    testkit::wait_until("the outage to be noticed", PATIENCE, async || service.read(1).await.rung != "cache")
        .await;
    service
}

async fn reads(service: &Protected) -> Vec<Got> {
    let mut answers = Vec::new();
    for _ in 0..8 {
        let answer = service.read(0).await;
        assert!(answer.took < LIMIT, "{answer:?}");
        answers.push(answer);
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn local_counts_in_the_process() {
    let service = without_cache("local").await;
    let answers = reads(&service).await;
    assert!(answers.iter().all(|got| got.rung == "local"), "{answers:?}");
    assert!(answers[..5].iter().all(|got| got.status == 200), "{answers:?}");
    for denied in &answers[5..] {
        assert_eq!((denied.status, denied.body["code"].as_str()), (429, Some("rate_limit_exceeded")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn open_lets_everybody_through() {
    let service = without_cache("open").await;
    let answers = reads(&service).await;
    assert!(answers.iter().all(|got| got.status == 200 && got.rung == "open"), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_refuses_everybody() {
    let service = without_cache("closed").await;
    for refused in reads(&service).await {
        assert_eq!((refused.status, refused.body["code"].as_str()), (503, Some("service_unavailable")));
    }
}
