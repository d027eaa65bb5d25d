use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;

use super::time::ManualTime;
use super::{EmbeddedCache, EmbeddedLimits};
use crate::client::CacheClient;
use crate::error::{CacheError, PinnedLimit};
use crate::glob::Glob;
use crate::keyspace::{Cursor, KeyTtl, PageRequest, State};
use crate::steps::{Expiry, Grant, ReplaceIfEqual, SetIfAbsent, TakeRequest};

const MINUTE: Expiry = Expiry::After(Duration::from_secs(60));

fn cache_with(limits: EmbeddedLimits) -> (EmbeddedCache, Arc<ManualTime>) {
    let clock = Arc::new(ManualTime::at_micros(1_700_000_000_000_000));
    (EmbeddedCache::with_clock(limits, Arc::<ManualTime>::clone(&clock)), clock)
}

fn cache() -> (EmbeddedCache, Arc<ManualTime>) {
    cache_with(EmbeddedLimits::default())
}

fn few_pinned(max_pinned: usize) -> EmbeddedLimits {
    EmbeddedLimits { max_pinned, ..EmbeddedLimits::default() }
}

fn text(value: &'static str) -> Bytes {
    Bytes::from_static(value.as_bytes())
}

#[tokio::test]
async fn a_value_is_over_to_the_millisecond() {
    let (cache, clock) = cache();
    for claim in [false, true] {
        if claim {
            cache.set_if_absent(b"k", text("v"), MINUTE).await.unwrap();
        } else {
            cache.set(b"k", text("v"), MINUTE).await.unwrap();
        }
        clock.advance(Duration::from_millis(59_999));
        assert_eq!(cache.get(b"k").await, Ok(text("v")));
        clock.advance(Duration::from_millis(1));
        assert_eq!(cache.get(b"k").await, Err(CacheError::Miss));
        assert_eq!(cache.exists(&[text("k")]).await, Ok(0));
    }
}

#[tokio::test]
async fn incr_keeps_the_time_to_live_and_the_pin() {
    let (cache, clock) = cache_with(few_pinned(1));
    cache.set_if_absent(b"n", text("4"), MINUTE).await.unwrap();
    clock.advance(Duration::from_secs(10));
    assert_eq!(cache.incr(b"n").await, Ok(5));
    let details = cache.inspect(b"n", 0).unwrap().unwrap();
    assert_eq!(details.summary.ttl, KeyTtl::Remaining(Duration::from_secs(50)));
    assert_eq!(details.encoding, "int");
    let full = cache.set_if_absent(b"other", text("x"), MINUTE).await;
    assert_eq!(full, Err(CacheError::Full { limit: PinnedLimit::Entries(1) }));
}

#[tokio::test]
async fn claims_have_a_bound_of_bytes_too() {
    let limits = EmbeddedLimits { max_pinned_bytes: 10_000, ..EmbeddedLimits::default() };
    let (cache, clock) = cache_with(limits);
    let large = Bytes::from(vec![b'x'; 6_000]);
    cache.set_if_absent(b"a", text("mine"), Expiry::Never).await.unwrap();
    cache.set_if_absent(b"b", large.clone(), MINUTE).await.unwrap();
    let grow = || cache.replace_if_equal(b"a", text("mine"), large.clone(), MINUTE);
    assert_eq!(grow().await, Err(CacheError::Full { limit: PinnedLimit::Bytes(10_000) }));
    assert_eq!(cache.get(b"a").await, Ok(text("mine")), "what stood there stands");
    // Becoming smaller is no growth, and what is over makes room.
    let shrunk = cache.replace_if_equal(b"b", large.clone(), text("small"), MINUTE).await;
    assert_eq!(shrunk, Ok(ReplaceIfEqual::Replaced));
    assert_eq!(cache.set_if_absent(b"c", large.clone(), MINUTE).await, Ok(SetIfAbsent::Stored));
    assert!(matches!(grow().await, Err(CacheError::Full { .. })));
    clock.advance(Duration::from_secs(60));
    assert_eq!(grow().await, Ok(ReplaceIfEqual::Replaced));
}

#[tokio::test]
async fn claims_are_refused_when_full_until_one_is_over() {
    let (cache, clock) = cache_with(few_pinned(3));
    for key in ["a", "b"] {
        cache.set_if_absent(key.as_bytes(), text("mine"), Expiry::Never).await.unwrap();
    }
    cache.set_if_absent(b"c", text("mine"), MINUTE).await.unwrap();
    let claim = || cache.set_if_absent(b"d", text("mine"), MINUTE);
    assert_eq!(claim().await, Err(CacheError::Full { limit: PinnedLimit::Entries(3) }));
    assert_eq!(cache.get(b"d").await, Err(CacheError::Miss));
    // What is held goes on working, and plain values are no matter of this limit.
    let replaced = cache.replace_if_equal(b"c", text("mine"), text("done"), MINUTE).await;
    assert_eq!(replaced, Ok(ReplaceIfEqual::Replaced));
    cache.set(b"plain", text("v"), Expiry::Never).await.unwrap();
    clock.advance(Duration::from_secs(60));
    assert_eq!(claim().await, Ok(SetIfAbsent::Stored));
    assert_eq!(cache.store.room.used(), 3);
    // A plain value in a claim's place gives its room back, and so does a removal.
    cache.set(b"a", text("v"), Expiry::Never).await.unwrap();
    cache.del(&[text("b")]).await.unwrap();
    assert_eq!(cache.store.room.used(), 1);
    cache.del(&[text("d")]).await.unwrap();
    assert_eq!((cache.store.room.used(), cache.store.room.bytes()), (0, 0));
}

#[tokio::test]
async fn memory_stays_bounded_and_claims_are_never_evicted() {
    let (cache, _) = cache_with(EmbeddedLimits { max_bytes: 100_000, ..EmbeddedLimits::default() });
    for number in 0..50 {
        cache.set_if_absent(format!("claim:{number}").as_bytes(), text("mine"), MINUTE).await.unwrap();
    }
    for number in 0..1_000 {
        let key = format!("value:{number}");
        cache.set(key.as_bytes(), vec![7; 1_000].into(), Expiry::Never).await.unwrap();
        assert!(cache.get(key.as_bytes()).await.is_ok(), "{key} was turned away");
    }
    let stats = cache.stats().unwrap();
    assert!(stats.nodes[0].used_memory_bytes < 120_000, "{stats:?}");
    assert!(stats.nodes[0].evictions > 800, "{stats:?}");
    for number in 0..50 {
        assert_eq!(cache.get(format!("claim:{number}").as_bytes()).await, Ok(text("mine")));
    }
}

#[tokio::test]
async fn a_key_is_in_one_table_whatever_wrote_it() {
    let (cache, _) = cache();
    cache.set(b"k", text("1"), MINUTE).await.unwrap();
    cache.replace_if_equal(b"k", text("1"), text("2"), MINUTE).await.unwrap();
    assert_eq!((cache.store.room.used(), cache.get(b"k").await), (1, Ok(text("2"))));
    cache.set(b"k", text("3"), MINUTE).await.unwrap();
    assert_eq!((cache.store.room.used(), cache.get(b"k").await), (0, Ok(text("3"))));
    cache.del(&[text("k")]).await.unwrap();
    assert_eq!(cache.get(b"k").await, Err(CacheError::Miss));
    assert_eq!(cache.stats().unwrap().totals.keys, 0);
}

#[tokio::test]
async fn a_limit_is_exact_on_its_clock() {
    let (cache, clock) = cache();
    let request = TakeRequest::new(10, Duration::from_secs(10)).unwrap();
    assert_eq!(cache.take(b"limit", request.peek()).await.unwrap().remaining, 10);
    assert_eq!(cache.get(b"limit").await, Err(CacheError::Miss));
    let take = cache.take(b"limit", request.cost(10, Grant::AllOrNothing)).await.unwrap();
    assert_eq!((take.granted, take.reset_after), (10, Duration::from_secs(10)));
    assert_eq!(cache.get(b"limit").await, Ok(text("1700000010000000")));
    clock.advance(Duration::from_micros(999_999));
    assert_eq!(cache.take(b"limit", request).await.unwrap().retry_after, Duration::from_micros(1));
    clock.advance(Duration::from_micros(1));
    assert_eq!(cache.take(b"limit", request).await.unwrap().granted, 1);
    clock.advance(Duration::from_secs(10));
    assert_eq!(cache.get(b"limit").await, Err(CacheError::Miss));
}

#[tokio::test]
async fn pages_cover_both_tables_in_one_order() {
    let (cache, clock) = cache();
    for number in 0..300 {
        let key = format!("k:{number}");
        if number % 2 == 0 {
            cache.set(key.as_bytes(), text("v"), Expiry::Never).await.unwrap();
        } else {
            cache.set_if_absent(key.as_bytes(), text("v"), Expiry::Never).await.unwrap();
        }
    }
    cache.set(b"k:over", text("v"), MINUTE).await.unwrap();
    clock.advance(Duration::from_secs(60));
    let (mut keys, mut cursor) = (Vec::new(), Cursor::START);
    loop {
        let page = cache.page(&PageRequest { pattern: "k:*".parse().unwrap(), cursor, limit: 7 }).unwrap();
        assert!(page.keys.len() <= 7 && !page.restarted);
        keys.extend(page.keys);
        cursor = page.cursor;
        if cursor.is_edge() {
            break;
        }
    }
    assert_eq!(keys.len(), 300);
    let streamed: Vec<_> = cache.stream(&Glob::everything()).map(Result::unwrap).concat().await;
    assert_eq!(streamed, keys);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_scan_misses_a_key_that_changes_its_table() {
    let cache = Arc::new(cache().0);
    cache.set(b"mover", text("a"), Expiry::Never).await.unwrap();
    for number in 0..200 {
        cache.set(format!("k:{number}").as_bytes(), text("v"), Expiry::Never).await.unwrap();
    }
    let mover = tokio::spawn({
        let cache = Arc::clone(&cache);
        async move {
            for _ in 0..10_000 {
                cache.replace_if_equal(b"mover", text("a"), text("b"), MINUTE).await.unwrap();
                cache.set(b"mover", text("a"), Expiry::Never).await.unwrap();
            }
        }
    });
    let mut scans = 0;
    while !mover.is_finished() || scans == 0 {
        let request = PageRequest { pattern: "mover".parse().unwrap(), cursor: Cursor::START, limit: 10 };
        assert_eq!(cache.page(&request).unwrap().keys, [text("mover")], "scan {scans}");
        scans += 1;
    }
    mover.await.unwrap();
    cache.set(b"mover", text("a"), Expiry::Never).await.unwrap();
    assert_eq!((cache.store.room.used(), cache.store.room.bytes()), (0, 0));
}

#[tokio::test]
async fn a_cursor_of_another_cache_begins_again() {
    let (cache, _) = cache();
    cache.set(b"k", text("v"), Expiry::Never).await.unwrap();
    let cursor = Cursor(State::SlotKeys { slot: 3, after: 9 });
    let page = cache.page(&PageRequest { pattern: Glob::everything(), cursor, limit: 10 }).unwrap();
    assert_eq!((page.keys, page.restarted), (vec![text("k")], true));
}

#[tokio::test]
async fn closing_frees_everything() {
    let (cache, _) = cache();
    let value = Bytes::from(vec![1; 1_000]);
    cache.set(b"k", value.clone(), Expiry::Never).await.unwrap();
    cache.set_if_absent(b"c", value, Expiry::Never).await.unwrap();
    cache.get(b"k").await.unwrap();
    cache.close().await;
    assert_eq!(cache.get(b"k").await, Err(CacheError::Closed));
    assert_eq!(cache.del(&[]).await, Err(CacheError::Closed));
    assert_eq!(cache.summaries(&[]), Err(CacheError::Closed));
    // The listener's counters belong to the evictable table: it is gone when nobody but the store holds them.
    assert_eq!(Arc::strong_count(&cache.store.counters), 1);
    assert_eq!(cache.store.counters.hits.load(Ordering::Relaxed), 1);
}
