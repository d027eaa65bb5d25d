//! Times to live.

use std::time::{Duration, Instant};

use bytes::Bytes;
use cache::{CacheClient, CacheError, Expiry, KeyTtl, ReplaceIfEqual, SetIfAbsent, SetIfNewer};

use super::on_every_backend;
use crate::backend::Backend;

const MINUTE: Expiry = Expiry::After(Duration::from_secs(60));

async fn ttl(backend: &Backend, key: &[u8]) -> KeyTtl {
    backend.details(key).await.unwrap().summary.ttl
}

/// The key has about that long to live.
async fn assert_lives_for(backend: &Backend, key: &[u8], seconds: u64) {
    let KeyTtl::Remaining(left) = ttl(backend, key).await else { panic!("the time to live is lost") };
    let asked = Duration::from_secs(seconds);
    assert!(left <= asked && left + Duration::from_secs(20) > asked, "{left:?} left of {asked:?}");
}

async fn a_value_is_over_when_its_time_is(backend: &Backend) {
    let (cache, key) = (&backend.cache, backend.key("short"));
    let lifetime = Duration::from_millis(150);
    let stored = Instant::now();
    cache.set(&key, "v".into(), Expiry::After(lifetime)).await.unwrap();
    testkit::wait_until("the value is over", Duration::from_secs(5), async || {
        cache.get(&key).await == Err(CacheError::Miss)
    })
    .await;
    // The server counts whole milliseconds and may be one behind.
    assert!(stored.elapsed() >= lifetime - Duration::from_millis(2), "over after {:?}", stored.elapsed());
    assert_eq!(cache.exists(std::slice::from_ref(&key)).await, Ok(0));
    // What is over is absent for every step.
    assert_eq!(cache.set_if_absent(&key, "w".into(), MINUTE).await, Ok(SetIfAbsent::Stored));
}
on_every_backend!(a_value_is_over_when_its_time_is: embedded_expiry, single_expiry, cluster_expiry);

async fn zero_is_never(backend: &Backend) {
    let (cache, key) = (&backend.cache, backend.key("forever"));
    cache.set(&key, "v".into(), Duration::ZERO.into()).await.unwrap();
    assert_eq!(ttl(backend, &key).await, KeyTtl::Never);
    cache.set(&key, "v".into(), MINUTE).await.unwrap();
    assert_lives_for(backend, &key, 60).await;
    cache.set(&key, "v".into(), Expiry::Never).await.unwrap();
    assert_eq!(ttl(backend, &key).await, KeyTtl::Never, "set replaces the time to live");
}
on_every_backend!(zero_is_never: embedded_zero_expiry, single_zero_expiry, cluster_zero_expiry);

async fn expire_sets_and_removes(backend: &Backend) {
    let (cache, key) = (&backend.cache, backend.key("expire"));
    assert_eq!(cache.expire(&key, Duration::from_secs(60)).await, Ok(false));
    assert_eq!(cache.expire(&key, Duration::ZERO).await, Ok(false));
    cache.set(&key, "v".into(), Expiry::Never).await.unwrap();
    assert_eq!(cache.expire(&key, Duration::from_secs(60)).await, Ok(true));
    assert_lives_for(backend, &key, 60).await;
    assert_eq!(cache.get(&key).await.unwrap(), "v");
    assert_eq!(cache.expire(&key, Duration::ZERO).await, Ok(true));
    assert_eq!(cache.get(&key).await, Err(CacheError::Miss));
}
on_every_backend!(expire_sets_and_removes: embedded_expire, single_expire, cluster_expire);

async fn no_step_loses_a_time_to_live(backend: &Backend) {
    let (cache, key) = (&backend.cache, backend.key("kept"));
    cache.set(&key, "1".into(), MINUTE).await.unwrap();
    assert_eq!(cache.incr(&key).await, Ok(2));
    assert_lives_for(backend, &key, 60).await;
    // Steps that change nothing leave the time to live alone too.
    let present = cache.set_if_absent(&key, "x".into(), Expiry::Never).await;
    assert_eq!(present, Ok(SetIfAbsent::Present("2".into())));
    let different = cache.replace_if_equal(&key, "9".into(), "x".into(), Expiry::Never).await;
    assert_eq!(different, Ok(ReplaceIfEqual::Different));
    assert_lives_for(backend, &key, 60).await;
    // Steps that store set the one they were given.
    let hour = Expiry::After(Duration::from_secs(3_600));
    let replaced = cache.replace_if_equal(&key, "2".into(), "3".into(), hour).await;
    assert_eq!(replaced, Ok(ReplaceIfEqual::Replaced));
    assert_lives_for(backend, &key, 3_600).await;
    assert_eq!(cache.incr(&key).await, Ok(4));
    assert_lives_for(backend, &key, 3_600).await;
    let replaced = cache.replace_if_equal(&key, "4".into(), "5".into(), Expiry::Never).await;
    assert_eq!(replaced, Ok(ReplaceIfEqual::Replaced));
    assert_eq!(ttl(backend, &key).await, KeyTtl::Never);

    let claim = backend.key("claim");
    cache.set_if_absent(&claim, "token".into(), MINUTE).await.unwrap();
    assert_lives_for(backend, &claim, 60).await;
    let record = backend.key("record");
    let newer = |version, expiry| cache.set_if_newer(&record, version, Bytes::from_static(b"r"), expiry);
    assert_eq!(newer(5, MINUTE).await, Ok(SetIfNewer::Stored));
    assert_lives_for(backend, &record, 60).await;
    assert_eq!(newer(4, Expiry::Never).await, Ok(SetIfNewer::NewerStands { version: 5 }));
    assert_lives_for(backend, &record, 60).await;
    assert_eq!(newer(6, hour).await, Ok(SetIfNewer::Stored));
    assert_lives_for(backend, &record, 3_600).await;
}
on_every_backend!(no_step_loses_a_time_to_live: embedded_kept_expiry, single_kept_expiry, cluster_kept_expiry);
