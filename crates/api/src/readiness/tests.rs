use cache::{Cache, CacheClient, CacheError, CacheHandle};

use super::*;

fn settings(requires_cache: bool) -> ReadinessSettings {
    ReadinessSettings {
        version: "1.2.3".to_owned(),
        deployment_mode: "local".to_owned(),
        requires_cache,
        cache_mode: "embedded",
        cache_tls: false,
    }
}

#[tokio::test]
async fn an_answering_cache_is_healthy() {
    let readiness = Readiness::new(settings(false), CacheHandle::connected(Cache::embedded()));
    let json = serde_json::to_value(readiness.report().await).unwrap();
    assert_eq!(json["status"], "healthy");
    assert_eq!(json["checks"]["redis"]["status"], "up");
    assert_eq!(json["checks"]["redis"]["mode"], "embedded");
    assert_eq!(json["version"], "1.2.3");
    assert_eq!(json["deployment_mode"], "local");
    assert!(json.get("draining").is_none());
}

#[tokio::test(start_paused = true)]
async fn it_is_not_ready_before_the_first_answer_and_degraded_after_it() {
    let handle = CacheHandle::connecting(["secret-host:6379".to_owned()]);
    let readiness = Readiness::new(settings(false), handle.clone());
    let report = readiness.report().await;
    assert_eq!((report.status, report.is_ready()), (OverallStatus::Unhealthy, false));
    assert_eq!(report.checks.redis.status, CheckStatus::Down);
    assert!(!serde_json::to_string(&report).unwrap().contains("secret-host"), "probes name no address");

    let cache = Cache::embedded();
    handle.attach(cache.clone());
    assert_eq!(readiness.report().await.status, OverallStatus::Unhealthy, "an answer lives 250 ms");
    tokio::time::advance(FRESH_FOR).await;
    assert_eq!(readiness.report().await.status, OverallStatus::Healthy);

    cache.close().await;
    tokio::time::advance(FRESH_FOR).await;
    let report = readiness.report().await;
    assert_eq!((report.status, report.is_ready()), (OverallStatus::Degraded, true));
    assert_eq!(report.checks.redis.status, CheckStatus::Down);
    assert_eq!(report.checks.redis.reason.as_deref(), Some("the client is closed"));
}

#[tokio::test]
async fn a_cache_that_fell_silent_before_the_first_probe_had_answered_once() {
    let cache = Cache::embedded();
    let handle = CacheHandle::connecting(["h:1".to_owned()]);
    let readiness = Readiness::new(settings(false), handle.clone());
    handle.attach(cache.clone());
    cache.close().await;
    let report = readiness.report().await;
    assert_eq!((report.status, report.is_ready()), (OverallStatus::Degraded, true));
}

#[tokio::test(start_paused = true)]
async fn a_required_cache_that_is_away_is_not_ready() {
    let cache = Cache::embedded();
    let readiness = Readiness::new(settings(true), CacheHandle::connected(cache.clone()));
    assert!(readiness.report().await.is_ready());
    cache.close().await;
    tokio::time::advance(FRESH_FOR).await;
    assert!(!readiness.report().await.is_ready());
}

#[tokio::test]
async fn draining_asks_nothing() {
    let (sender, seen) = std::sync::mpsc::channel();
    let observer = move |outcome: CheckOutcome| sender.send((outcome.dependency, outcome.status)).unwrap();
    let cache = CacheHandle::connected(Cache::embedded());
    let readiness = Readiness::observed(settings(false), cache, observer);
    assert!(readiness.report().await.is_ready());
    readiness.begin_draining();
    let json = serde_json::to_value(readiness.report().await).unwrap();
    assert_eq!(json["status"], "unhealthy");
    assert_eq!(json["draining"], true);
    assert_eq!(json["checks"]["redis"]["status"], "skipped");
    let observed: Vec<_> = seen.try_iter().collect();
    assert_eq!(observed, [("redis", CheckStatus::Up), ("redis", CheckStatus::Skipped)]);
}

#[tokio::test]
async fn the_reason_of_a_failed_connection_is_a_category() {
    let handle = CacheHandle::connecting(["h:1".to_owned()]);
    handle.failed(CacheError::Interrupted { node: "h:1".to_owned() });
    let report = Readiness::new(settings(false), handle).report().await;
    assert_eq!(report.checks.redis.reason.as_deref(), Some("the connection was cut"));
}
