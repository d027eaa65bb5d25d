//! What is answered from memory and from the shared cache, and until when.

use std::time::Duration;

use cache::{Cache, CacheClient, CacheHandle};
use domain::ApiKeyRecord;
use http::StatusCode;

use super::support::{Guarded, KEY, Mood, NOW, TestSource, place_of, record_of};

const OK: StatusCode = StatusCode::OK;
const REFUSED: StatusCode = StatusCode::UNAUTHORIZED;
const AWAY: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

async fn is_stored(cache: &Cache, key: &str) -> bool {
    cache.exists(&[place_of(key).into()]).await.unwrap() == 1
}

/// The record changed: what whoever changes it does.
async fn announce(cache: &Cache, key: &str, version: u64) {
    cache.invalidate(&place_of(key), version, Duration::from_secs(60)).await.unwrap();
}

#[tokio::test]
async fn a_known_key_costs_the_source_nothing_more() {
    let (guarded, cache) = Guarded::alone([record_of(KEY)]);
    assert_eq!(guarded.told(KEY).await, "operator");
    let asked = guarded.asked();
    assert_eq!(asked, 2, "as a stranger, then under a lease");
    for _ in 0..5 {
        assert_eq!(guarded.told(KEY).await, "operator");
    }
    assert_eq!(guarded.asked(), asked);
    // The first of them may find the record in the shared cache: filling it in was a change, too.
    assert!(guarded.layer.counters().hits >= 4, "{:?}", guarded.layer.counters());

    let another = Guarded::new(CacheHandle::connected(cache), &guarded.source);
    assert_eq!(another.told(KEY).await, "operator");
    assert_eq!(guarded.asked(), asked, "another process finds the record in the shared cache");
}

#[tokio::test]
async fn callers_who_come_together_share_one_look_up() {
    let (guarded, _) = Guarded::alone([record_of(KEY)]);
    guarded.source.is_now(Mood::Hangs);
    let callers = futures_of(64, || guarded.with_key(KEY));
    let (statuses, ()) = tokio::join!(callers, async {
        guarded.source.asked_by(1).await;
        guarded.source.is_now(Mood::Answers);
    });
    assert_eq!(statuses, vec![OK; 64]);
    assert_eq!(guarded.asked(), 2);
}

/// All at once, in this task.
async fn futures_of<F: Future<Output = StatusCode>>(count: usize, make: impl Fn() -> F) -> Vec<StatusCode> {
    let mut running: Vec<_> = (0..count).map(|_| Box::pin(make())).collect();
    let mut statuses = Vec::new();
    std::future::poll_fn(|context| {
        running.retain_mut(|call| match call.as_mut().poll(context) {
            std::task::Poll::Ready(status) => {
                statuses.push(status);
                false
            }
            std::task::Poll::Pending => true,
        });
        if running.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    statuses
}

#[tokio::test]
async fn a_revoked_key_is_refused_by_the_next_request() {
    for is_deleted in [false, true] {
        let (guarded, cache) = Guarded::alone([record_of(KEY)]);
        assert_eq!(guarded.with_key(KEY).await, OK);
        guarded.source.remove(KEY);
        assert_eq!(guarded.with_key(KEY).await, OK, "nobody was told");
        if is_deleted {
            cache.del(&[place_of(KEY).into()]).await.unwrap();
        } else {
            announce(&cache, KEY, 2).await;
        }
        assert_eq!(guarded.with_key(KEY).await, REFUSED);
        let asked = guarded.asked();
        assert_eq!(guarded.with_key(KEY).await, REFUSED);
        assert!(guarded.asked() <= asked + 1, "the absence is remembered");
    }
}

#[tokio::test]
async fn a_changed_key_is_its_new_self_at_once() {
    let (guarded, cache) = Guarded::alone([record_of(KEY)]);
    assert_eq!(guarded.told(KEY).await, "operator");
    guarded.source.put(ApiKeyRecord { id: "renamed".into(), version: 2, ..record_of(KEY) });
    announce(&cache, KEY, 2).await;
    assert_eq!(guarded.told(KEY).await, "renamed");
}

#[tokio::test]
async fn an_unknown_key_is_remembered_here_and_written_nowhere() {
    let (guarded, cache) = Guarded::alone([]);
    for _ in 0..3 {
        assert_eq!(guarded.with_key(KEY).await, REFUSED);
    }
    assert_eq!(guarded.asked(), 1);
    assert!(!is_stored(&cache, KEY).await);

    guarded.source.put(record_of(KEY));
    assert_eq!(guarded.with_key(KEY).await, REFUSED, "nobody was told");
    announce(&cache, KEY, 1).await;
    assert_eq!(guarded.with_key(KEY).await, OK);
}

#[tokio::test]
async fn a_key_is_refused_from_its_end_on_whatever_is_remembered() {
    let until =
        |seconds| ApiKeyRecord { expires_at: Some(NOW + Duration::from_secs(seconds)), ..record_of(KEY) };
    let (guarded, cache) = Guarded::alone([until(1_000)]);
    assert_eq!(guarded.with_key(KEY).await, OK);
    assert!(is_stored(&cache, KEY).await);
    guarded.clock.advance(Duration::from_millis(999_999));
    assert_eq!(guarded.with_key(KEY).await, OK);
    let asked = guarded.asked();
    guarded.clock.advance(Duration::from_millis(1));
    assert_eq!(guarded.with_key(KEY).await, REFUSED);
    assert_eq!(guarded.asked(), asked, "that needs no question");

    let (guarded, cache) = Guarded::alone([until(299)]);
    assert_eq!(guarded.with_key(KEY).await, OK);
    assert!(cache.find_versioned(&place_of(KEY)).await.unwrap().is_none(), "a record outlives its key");
    guarded.clock.advance(Duration::from_secs(299));
    assert_eq!(guarded.with_key(KEY).await, REFUSED);
}

#[tokio::test]
async fn while_the_source_is_away_only_what_is_known_for_sure_passes() {
    let (guarded, cache) = Guarded::alone([record_of(KEY)]);
    assert_eq!(guarded.with_key(KEY).await, OK);
    guarded.source.is_now(Mood::Away);
    assert_eq!(guarded.with_key(KEY).await, OK);
    assert_eq!(guarded.with_key("unknown").await, AWAY);
    announce(&cache, KEY, 2).await;
    assert_eq!(guarded.with_key(KEY).await, AWAY, "it may have been revoked");
    guarded.source.is_now(Mood::Answers);
    guarded.source.put(ApiKeyRecord { version: 2, ..record_of(KEY) });
    assert_eq!(guarded.with_key(KEY).await, OK);
    assert_eq!(guarded.with_key("unknown").await, REFUSED);
}

#[tokio::test]
async fn a_record_that_was_superseded_is_good_for_who_asked_and_not_kept() {
    let (guarded, cache) = Guarded::alone([record_of(KEY)]);
    announce(&cache, KEY, 2).await;
    assert_eq!(guarded.with_key(KEY).await, OK);
    let asked = guarded.asked();
    assert_eq!(guarded.with_key(KEY).await, OK);
    assert!(guarded.asked() > asked, "version 1 is held although version 2 was announced");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_holds_up_nobody_else() {
    let (guarded, _) = Guarded::alone([record_of(KEY)]);
    assert_eq!(guarded.with_key(KEY).await, OK);
    guarded.source.is_now(Mood::Hangs);
    let begun = tokio::time::Instant::now();
    let (hung, known) = tokio::join!(guarded.with_key("unknown"), async {
        guarded.source.asked_by(1).await;
        let status = guarded.with_key(KEY).await;
        (status, begun.elapsed())
    });
    assert_eq!(known, (OK, Duration::ZERO));
    assert_eq!(hung, AWAY);
    assert_eq!(begun.elapsed().as_millis() / 10, 50, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn without_a_connection_the_source_decides() {
    let source = TestSource::of([record_of(KEY)]);
    let guarded = Guarded::new(CacheHandle::connecting(["10.0.0.1:6379".to_owned()]), &source);
    assert_eq!(guarded.told(KEY).await, "operator in trouble");
    assert_eq!(guarded.asked(), 1);
    assert_eq!(guarded.told(KEY).await, "operator", "for a moment it is remembered, and then nobody waited");
    assert_eq!(guarded.asked(), 1);
    assert_eq!(guarded.with_key("unknown").await, REFUSED);
}
