//! Who hears of keys that are used, and how often.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use cache::CacheHandle;
use domain::{ApiKeyRecord, CallerId, UsedKeys};
use http::StatusCode;

use super::support::{Guarded, KEY, NOW, TestSource, record_of};

#[derive(Default)]
struct Heard(Mutex<Vec<(String, SystemTime)>>);

impl Heard {
    fn since(&self) -> Vec<(String, SystemTime)> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl UsedKeys for Heard {
    fn was_used(&self, id: &CallerId, at: SystemTime) {
        self.0.lock().unwrap().push((id.to_string(), at));
    }
}

fn hearing(record: ApiKeyRecord) -> (Guarded, Arc<Heard>) {
    let (guarded, _cache) = Guarded::alone([record]);
    let heard = Arc::new(Heard::default());
    let layer = guarded.layer.telling_uses(heard.clone());
    (Guarded { layer, ..guarded }, heard)
}

#[tokio::test]
async fn a_key_that_is_used_all_the_time_is_told_now_and_then() {
    let (guarded, heard) = hearing(record_of(KEY));
    for second in 0..25 {
        for _ in 0..20 {
            assert_eq!(guarded.with_key(KEY).await, StatusCode::OK, "{second}");
        }
        guarded.clock.advance(Duration::from_secs(1));
    }
    // What is looked up is written to the cache, which makes this process forget it once and look it up again.
    let told = heard.since();
    assert!((3..=5).contains(&told.len()), "{told:?}");
    assert!(told.iter().all(|(id, _)| id == "operator"), "{told:?}");
    let last = told.last().unwrap().1;
    assert!(last >= NOW + Duration::from_secs(20), "the last use is never older than ten seconds: {told:?}");
}

#[tokio::test]
async fn who_is_not_let_in_used_nothing() {
    let expired = ApiKeyRecord { expires_at: Some(NOW), ..record_of(KEY) };
    let (guarded, heard) = hearing(expired);
    assert_eq!(guarded.with_key(KEY).await, StatusCode::UNAUTHORIZED);
    assert_eq!(guarded.with_key("unknown").await, StatusCode::UNAUTHORIZED);
    assert!(heard.since().is_empty());
}

#[tokio::test]
async fn whoever_hears_goes_on_hearing_when_limits_change() {
    let source = TestSource::of([record_of(KEY)]);
    let heard = Arc::new(Heard::default());
    let guarded = Guarded::new(CacheHandle::connected(cache::Cache::embedded()), &source);
    let layer =
        guarded.layer.telling_uses(heard.clone()).source_limits(super::super::SourceLimits::default());
    let guarded = Guarded { layer, ..guarded };
    assert_eq!(guarded.with_key(KEY).await, StatusCode::OK);
    assert!(!heard.since().is_empty());
}
