use async_trait::async_trait;
use cache::{Cache, CacheClient, CacheError, CacheHandle};
use domain::{StoreCondition, StoreUnavailable};
use tokio::time::Instant;

use super::watched::{FRESH_FOR, PATIENCE};
use super::*;

fn settings(requires_cache: bool) -> ReadinessSettings {
    ReadinessSettings {
        version: "1.2.3".to_owned(),
        deployment_mode: "local".to_owned(),
        requires_cache,
        requires_store: false,
        store: StoreName::Mongodb,
        cache_mode: "embedded",
        cache_tls: false,
    }
}

/// A store that answers while it is told to.
#[derive(Default)]
struct Store(AtomicBool);

#[async_trait]
impl StoreHealth for Store {
    async fn ping(&self) -> Result<StoreCondition, StoreUnavailable> {
        let unavailable = || StoreUnavailable::new("secret-store");
        self.0.load(Ordering::SeqCst).then_some(StoreCondition::Well).ok_or_else(unavailable)
    }
}

/// A store that answers late, and takes no writes.
struct Late(Duration);

#[async_trait]
impl StoreHealth for Late {
    async fn ping(&self) -> Result<StoreCondition, StoreUnavailable> {
        tokio::time::sleep(self.0).await;
        Ok(StoreCondition::RefusesWrites)
    }
}

fn well() -> Arc<Store> {
    Arc::new(Store(AtomicBool::new(true)))
}

#[tokio::test]
async fn an_answering_cache_is_healthy() {
    let readiness = Readiness::new(settings(false), CacheHandle::connected(Cache::embedded()), well());
    let json = serde_json::to_value(readiness.report().await).unwrap();
    assert_eq!(json["status"], "healthy");
    assert_eq!(json["checks"]["redis"]["status"], "up");
    assert_eq!(json["checks"]["redis"]["mode"], "embedded");
    assert_eq!(json["checks"]["mongodb"]["status"], "up");
    assert!(json["checks"].get("sqlite").is_none());
    assert_eq!(json["version"], "1.2.3");
    assert_eq!(json["deployment_mode"], "local");
    assert!(json.get("draining").is_none());
}

#[tokio::test(start_paused = true)]
async fn it_is_not_ready_before_the_first_answer_and_degraded_after_it() {
    let handle = CacheHandle::connecting(["secret-host:6379".to_owned()]);
    let readiness = Readiness::new(settings(false), handle.clone(), well());
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
    let readiness = Readiness::new(settings(false), handle.clone(), well());
    handle.attach(cache.clone());
    cache.close().await;
    let report = readiness.report().await;
    assert_eq!((report.status, report.is_ready()), (OverallStatus::Degraded, true));
}

#[tokio::test(start_paused = true)]
async fn a_required_cache_that_is_away_is_not_ready() {
    let cache = Cache::embedded();
    let readiness = Readiness::new(settings(true), CacheHandle::connected(cache.clone()), well());
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
    let readiness = Readiness::observed(settings(false), cache, well(), observer);
    assert!(readiness.report().await.is_ready());
    readiness.begin_draining();
    let json = serde_json::to_value(readiness.report().await).unwrap();
    assert_eq!(json["status"], "unhealthy");
    assert_eq!(json["draining"], true);
    assert_eq!(json["checks"]["redis"]["status"], "skipped");
    let observed: Vec<_> = seen.try_iter().collect();
    let up_then_skipped = |name| [(name, CheckStatus::Up), (name, CheckStatus::Skipped)];
    for name in ["redis", "mongodb"] {
        let of_it: Vec<_> = observed.iter().filter(|(dependency, _)| *dependency == name).copied().collect();
        assert_eq!(of_it, up_then_skipped(name));
    }
}

#[tokio::test]
async fn the_reason_of_a_failed_connection_is_a_category() {
    let handle = CacheHandle::connecting(["h:1".to_owned()]);
    handle.failed(CacheError::Interrupted { node: "h:1".to_owned() });
    let report = Readiness::new(settings(false), handle, well()).report().await;
    assert_eq!(report.checks.redis.reason.as_deref(), Some("the connection was cut"));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_answered_once_may_be_away() {
    let store = Arc::new(Store::default());
    let cache = CacheHandle::connected(Cache::embedded());
    let readiness = Readiness::new(settings(false), cache.clone(), store.clone());
    let report = readiness.report().await;
    assert_eq!(report.status, OverallStatus::Unhealthy, "it never answered");
    assert!(!serde_json::to_string(&report).unwrap().contains("secret-store"), "probes tell no detail");
    let after = async |answers: bool| {
        store.0.store(answers, Ordering::SeqCst);
        tokio::time::advance(FRESH_FOR).await;
        readiness.report().await.status
    };
    assert_eq!(after(true).await, OverallStatus::Healthy);
    assert_eq!(after(false).await, OverallStatus::Degraded);

    store.0.store(true, Ordering::SeqCst);
    let requiring = ReadinessSettings { requires_store: true, ..settings(false) };
    let strict = Readiness::new(requiring, cache, store.clone());
    assert!(strict.report().await.is_ready());
    store.0.store(false, Ordering::SeqCst);
    tokio::time::advance(FRESH_FOR).await;
    assert!(!strict.report().await.is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_secrets_backend_that_is_away_is_told_and_takes_no_replica_out() {
    let secrets = Arc::new(Store(AtomicBool::new(true)));
    let readiness = Readiness::new(settings(false), CacheHandle::connected(Cache::embedded()), well());
    assert_eq!(readiness.report().await.checks.secrets, None, "it is part of the record store");
    readiness.also_ask_secrets(secrets.clone());
    tokio::time::advance(FRESH_FOR).await;
    let report = readiness.report().await;
    assert_eq!(report.status, OverallStatus::Healthy);
    assert_eq!(report.checks.secrets.unwrap().status, CheckStatus::Up);

    secrets.0.store(false, Ordering::SeqCst);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(readiness.report().await.status, OverallStatus::Healthy, "it is not asked each time");
    tokio::time::advance(Duration::from_secs(30)).await;
    let report = readiness.report().await;
    assert_eq!((report.status, report.is_ready()), (OverallStatus::Degraded, true));
    assert!(!serde_json::to_string(&report).unwrap().contains("secret-store"), "no detail");
    secrets.0.store(true, Ordering::SeqCst);
    tokio::time::advance(Duration::from_secs(6)).await;
    assert_eq!(readiness.report().await.status, OverallStatus::Healthy);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_takes_no_writes_is_degraded_and_answered() {
    let late = Arc::new(Late(Duration::ZERO));
    let readiness = Readiness::new(settings(false), CacheHandle::connected(Cache::embedded()), late);
    let report = readiness.report().await;
    assert_eq!((report.status, report.is_ready()), (OverallStatus::Degraded, true));
    let check = report.checks.mongodb.unwrap();
    assert_eq!((check.status, check.reason.as_deref()), (CheckStatus::Degraded, Some("it takes no writes")));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_holds_no_probe_up() {
    let hung = Arc::new(Late(Duration::from_secs(60)));
    let readiness = Readiness::new(settings(false), CacheHandle::connected(Cache::embedded()), hung);
    for _ in 0..40 {
        let began = Instant::now();
        let report = readiness.report().await;
        assert!(began.elapsed() <= PATIENCE, "{:?}", began.elapsed());
        let store = report.checks.mongodb.unwrap();
        assert_eq!(store.status, CheckStatus::Down);
        assert_eq!(report.checks.redis.status, CheckStatus::Up, "one does not hide the other");
        // What is said of the time agrees with the reason.
        let (took, reason) = (store.latency_ms.unwrap(), store.reason.unwrap());
        assert!(reason == format!("no answer within {took} ms"), "{reason}, {took}");
        tokio::time::advance(Duration::from_millis(137)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_process_confirmed_makes_it_ready_before_anything_answers() {
    let handle = CacheHandle::connecting(["h:1".to_owned()]);
    let readiness = Readiness::new(settings(false), handle.clone(), Arc::new(Store::default()));
    assert!(!readiness.report().await.is_ready());
    readiness.has_fail_safe();
    tokio::time::advance(FRESH_FOR).await;
    let report = readiness.report().await;
    assert_eq!((report.status, report.is_ready()), (OverallStatus::Degraded, true));
    let strict = Readiness::new(settings(true), handle, well());
    strict.has_fail_safe();
    assert!(!strict.report().await.is_ready(), "who wants it strict has it so");
}
