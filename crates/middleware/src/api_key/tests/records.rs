//! Records in the shared cache that must not be believed.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cache::{Cache, CacheClient, CacheError, CacheHandle, Expiry, MockCache, MockCall};
use domain::{ApiKeyRecord, Environment, KeyBinding};
use http::StatusCode;

use super::super::key_record;
use super::support::{Guarded, KEY, NOW, TestSource, hash_of, place_of, record_of, ring};
use crate::test_log::TestLog;

const HOUR: Duration = Duration::from_secs(3_600);

async fn stored(cache: &Cache, key: &str, version: u64, value: impl Into<Bytes>) {
    cache.set_if_newer(&place_of(key), version, value.into(), Expiry::After(HOUR)).await.unwrap();
}

/// Whether a key that no source knows gets in, with this in the shared cache.
async fn is_believed(value: impl Into<Bytes>, version: u64) -> bool {
    let (guarded, cache) = Guarded::alone([]);
    stored(&cache, KEY, version, value).await;
    let status = guarded.with_key(KEY).await;
    assert!(matches!(status, StatusCode::OK | StatusCode::UNAUTHORIZED), "{status}");
    assert_eq!(status == StatusCode::OK, guarded.asked() == 0, "either is believed");
    status == StatusCode::OK
}

#[tokio::test]
async fn only_a_record_sealed_for_its_place_is_believed() {
    let place = place_of(KEY);
    let good = key_record::sealed(&ring(7), &place, &record_of(KEY), NOW + HOUR).unwrap();
    assert!(is_believed(good.clone(), 1).await);

    let mut changed = good.to_vec();
    *changed.last_mut().unwrap() ^= 1;
    assert!(!is_believed(changed, 1).await, "changed");
    assert!(!is_believed(good, 9).await, "of another version");
    assert!(!is_believed("{\"valid\":true}", 1).await, "not sealed");
    let foreign = key_record::sealed(&ring(8), &place, &record_of(KEY), NOW + HOUR).unwrap();
    assert!(!is_believed(foreign, 1).await, "sealed with a key that nobody here has");
    let moved =
        key_record::sealed(&ring(7), &place_of("another"), &record_of("another"), NOW + HOUR).unwrap();
    assert!(!is_believed(moved, 1).await, "moved from another key");
    let other = key_record::sealed(&ring(7), &place, &record_of("another"), NOW + HOUR).unwrap();
    assert!(!is_believed(other, 1).await, "of another key");
    let old = key_record::sealed(&ring(7), &place, &record_of(KEY), NOW).unwrap();
    assert!(!is_believed(old, 1).await, "too old");
    let form = ring(7).seal(b"{\"format\":1}", &place).unwrap();
    assert!(!is_believed(form, 1).await, "of another form");
    let newer = key_record::sealed(&ring(7), &place, &record_of(KEY), NOW + HOUR).unwrap();
    let json = String::from_utf8(ring(7).open(&newer, &place).unwrap().to_vec()).unwrap();
    for (from, to) in [("\"format\":3", "\"format\":2"), ("\"rate_tier\":\"service\"", "\"rate_tier\":\"x\"")]
    {
        assert!(json.contains(from), "{json}");
        let of_another_release = ring(7).seal(json.replace(from, to).as_bytes(), &place).unwrap();
        assert!(!is_believed(of_another_release, 1).await, "{to}");
    }
}

/// The source is still asked for the key, which is neither refused nor slow for ever.
#[tokio::test]
async fn what_is_not_believed_is_as_good_as_nothing() {
    let (log, _guard) = TestLog::capture();
    let (guarded, cache) = Guarded::alone([record_of(KEY)]);
    stored(&cache, KEY, 1, "garbage").await;
    for _ in 0..3 {
        assert_eq!(guarded.told(KEY).await, "operator");
    }
    assert_eq!(guarded.asked(), 1, "remembered for a moment");
    assert_eq!(log.lines_with("in the shared cache ignored").len(), 1, "{}", log.text());
}

#[tokio::test]
async fn the_record_shows_nothing_and_carries_everything() {
    let end = Some(NOW + HOUR + Duration::from_millis(7));
    let (guarded, cache) = Guarded::alone([ApiKeyRecord { expires_at: end, ..record_of(KEY) }]);
    assert_eq!(guarded.told(KEY).await, "operator");
    let stored = cache.get(&place_of(KEY)).await.unwrap();
    let text = String::from_utf8_lossy(&stored);
    assert!(!text.contains("operator") && !text.contains("cache:read") && !text.contains(KEY), "{text}");

    let another = Guarded::new(CacheHandle::connected(cache), &TestSource::of([]));
    assert_eq!(another.told(KEY).await, "operator", "scopes and tier are checked behind the layer");
}

#[test]
fn the_record_carries_whom_the_key_is_for() {
    let (service, tenant) = (Some("ledger".parse().unwrap()), Some("acme".parse().unwrap()));
    let whole = KeyBinding { service, environment: Some(Environment::Production), tenant };
    for binding in [KeyBinding::default(), KeyBinding { service: None, ..whole.clone() }, whole] {
        let (place, record) = (place_of(KEY), ApiKeyRecord { binding: binding.clone(), ..record_of(KEY) });
        let sealed = key_record::sealed(&ring(7), &place, &record, NOW + HOUR).unwrap();
        let opened = key_record::opened(&ring(7), &place, &hash_of(KEY), (1, &sealed), NOW).unwrap();
        assert_eq!(opened.0.binding, binding);
    }
}

#[tokio::test]
async fn the_record_carries_the_end_of_the_key() {
    let record = ApiKeyRecord { expires_at: Some(NOW + HOUR + Duration::from_millis(7)), ..record_of(KEY) };
    let sealed = key_record::sealed(&ring(7), &place_of(KEY), &record, NOW + 2 * HOUR).unwrap();
    let (another, cache) = Guarded::alone([]);
    stored(&cache, KEY, 1, sealed).await;
    another.clock.advance(HOUR + Duration::from_millis(6));
    assert_eq!(another.with_key(KEY).await, StatusCode::OK);
    another.clock.advance(Duration::from_millis(1));
    assert_eq!(another.with_key(KEY).await, StatusCode::UNAUTHORIZED);
    assert_eq!(another.asked(), 0);
}

/// As one that somebody put back after the key was revoked.
#[tokio::test]
async fn a_record_in_memory_is_good_for_no_longer_than_where_it_came_from() {
    let minute = Duration::from_secs(60);
    for is_known in [false, true] {
        let (guarded, cache) = Guarded::alone([]);
        let sealed = key_record::sealed(&ring(7), &place_of(KEY), &record_of(KEY), NOW + minute).unwrap();
        stored(&cache, KEY, 1, sealed).await;
        assert_eq!(guarded.with_key(KEY).await, StatusCode::OK);
        guarded.clock.advance(minute - Duration::from_millis(1));
        assert_eq!(guarded.with_key(KEY).await, StatusCode::OK);
        assert_eq!(guarded.asked(), 0);
        if is_known {
            guarded.source.put(record_of(KEY));
        }
        guarded.clock.advance(Duration::from_millis(1));
        let expected = if is_known { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        assert_eq!((guarded.with_key(KEY).await, guarded.asked()), (expected, 1), "it is looked up again");
    }
}

#[tokio::test]
async fn a_cache_that_gives_no_answer_is_asked_once_and_left_alone() {
    let error = CacheError::Timeout { node: "10.0.0.1:6379".to_owned(), after: Duration::from_millis(500) };
    let mock = Arc::new(MockCache::new().failing_with(error));
    let source = TestSource::of([record_of(KEY)]);
    let guarded = Guarded::new(CacheHandle::connected(Cache::Mock(Arc::clone(&mock))), &source);
    assert_eq!(guarded.told(KEY).await, "operator in trouble");
    let calls = mock.calls();
    assert!(matches!(&calls[..], [MockCall::Get { .. }]), "{calls:?}");

    mock.fail(None);
    let fresh = Guarded::new(CacheHandle::connected(Cache::Mock(mock)), &source);
    assert_eq!(fresh.told(KEY).await, "operator");
}

/// Whoever comes behind has not to wait for the same outage.
#[tokio::test]
async fn a_cache_that_fails_while_a_record_is_filled_in_is_told_of() {
    let cut = CacheError::Timeout { node: "10.0.0.1:6379".to_owned(), after: Duration::from_millis(500) };
    let place = place_of(KEY);
    let brief = ApiKeyRecord { expires_at: Some(NOW + Duration::from_secs(9)), ..record_of(KEY) };
    for (mock, record) in [
        (MockCache::new().on_lease(&place, Err(cut.clone())), record_of(KEY)),
        (MockCache::new().on_fill(&place, Err(cut.clone())), record_of(KEY)),
        (MockCache::new().on_lease(&place, Err(cut.clone())), brief),
    ] {
        let mock = CacheHandle::connected(Cache::Mock(Arc::new(mock)));
        assert_eq!(Guarded::new(mock, &TestSource::of([record])).told(KEY).await, "operator in trouble");
    }
}
