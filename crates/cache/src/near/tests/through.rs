//! With the embedded cache behind it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::backend::Cache;
use crate::client::CacheClient;
use crate::handle::CacheHandle;
use crate::keyspace::{DeleteReport, DeleteRequest};
use crate::near::read_through::{FoundRecord, LoadLease, LoadedRecord};
use crate::steps::{Expiry, TakeRequest};

const MINUTE: Duration = Duration::from_secs(60);
const KEY: &[u8] = b"k:a";

/// A reader of records, as a layer would write it.
#[derive(Clone)]
struct Reader {
    handle: CacheHandle,
    near: NearCache<Bytes>,
    loads: Arc<AtomicUsize>,
}

impl Reader {
    fn of(cache: &Cache) -> Self {
        let handle = CacheHandle::connected(cache.clone());
        let near = NearCache::new(&handle, SETTINGS);
        Self { handle, near, loads: Arc::default() }
    }

    async fn read(
        &self,
        source: impl Future<Output = Option<(u64, Bytes)>> + Send + 'static,
    ) -> Option<Bytes> {
        let reader = self.clone();
        let load = || async move {
            if let FoundRecord::Record { value, .. } = reader.handle.find_record(KEY).await {
                let bytes = value.len();
                return Ok(Loaded { value: Some(value), bytes, is_watched: true, may_be_held: true });
            }
            let number = reader.loads.fetch_add(1, Ordering::SeqCst);
            let lease = LoadLease {
                token: format!("token {number} of {:p}", Arc::as_ptr(&reader.loads)).into(),
                ttl: MINUTE,
                expiry: Expiry::After(MINUTE),
            };
            let from_source = async { Ok::<_, Never>(source.await) };
            let record = reader.handle.load_record(KEY, lease, from_source).await.loaded?;
            let (is_watched, may_be_held) = (record.is_watched(), record.may_be_held());
            let value = record.into_record().map(|(_version, value)| value);
            Ok::<_, Never>(Loaded { value, bytes: 3, is_watched, may_be_held })
        };
        self.near.get_or_load(KEY, load).await.unwrap()
    }

    fn loads(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }
}

async fn never() -> Option<(u64, Bytes)> {
    panic!("the source was asked")
}

async fn one() -> Option<(u64, Bytes)> {
    Some((1, "one".into()))
}

async fn two() -> Option<(u64, Bytes)> {
    Some((2, "two".into()))
}

#[tokio::test]
async fn a_record_is_asked_from_its_source_once() {
    let cache = Cache::embedded();
    let (here, there) = (Reader::of(&cache), Reader::of(&cache));
    assert_eq!(here.read(one()).await, Some("one".into()));
    for reader in [&here, &there, &here, &there] {
        assert_eq!(reader.read(never()).await, Some("one".into()));
        assert_eq!(reader.near.get(KEY), Held::Fresh("one".into()));
    }
    assert_eq!((here.loads(), there.loads()), (1, 0));
    cache.invalidate(KEY, 2, MINUTE).await.unwrap();
    assert_eq!((here.near.get(KEY), there.near.get(KEY)), (Held::Nothing, Held::Nothing));
    assert_eq!(there.read(two()).await, Some("two".into()));
    assert_eq!(here.read(never()).await, Some("two".into()));
}

#[tokio::test]
async fn what_the_shared_cache_fails_with_is_told_beside_what_was_loaded() {
    let lease = || LoadLease { token: "token".into(), ttl: MINUTE, expiry: Expiry::After(MINUTE) };
    let found = async { Ok::<_, Never>(one().await) };
    let away = CacheHandle::connecting(["10.0.0.1:6379".to_owned()]);
    let load = away.load_record(KEY, lease(), found).await;
    assert_eq!(load.loaded, Ok(LoadedRecord::NotInCache(1, "one".into())));
    assert!(load.cache_error.is_some_and(|error| error.is_outage()));

    let there = CacheHandle::connected(Cache::embedded());
    let load = there.load_record(KEY, lease(), async { Ok::<_, Never>(one().await) }).await;
    assert_eq!(load.loaded, Ok(LoadedRecord::InCache(1, "one".into())));
    assert_eq!(load.cache_error, None);
    let load = away.load_record(KEY, lease(), async { Err::<_, &str>("source away") }).await;
    assert_eq!(load.loaded, Err("source away"));
    assert!(load.cache_error.is_some());
}

#[tokio::test]
async fn an_absence_is_held_though_its_own_lease_was_told() {
    let cache = Cache::embedded();
    let reader = Reader::of(&cache);
    assert_eq!(reader.read(async { None }).await, None);
    assert_eq!((reader.near.get(KEY), reader.loads()), (Held::Absent, 1));
    // The record is made.
    cache.invalidate(KEY, 1, MINUTE).await.unwrap();
    assert_eq!(reader.near.get(KEY), Held::Nothing);
    assert_eq!(reader.read(one()).await, Some("one".into()));
}

#[tokio::test]
async fn a_loader_paused_between_its_read_and_its_fill_while_the_record_changes() {
    let cache = Cache::embedded();
    let (here, there) = (Reader::of(&cache), Reader::of(&cache));
    for old in [Some((1, "one".into())), None] {
        let changing = cache.clone();
        let paused = async move {
            changing.invalidate(KEY, 2, MINUTE).await.unwrap();
            old
        };
        let answer = here.read(paused).await;
        assert!(answer.is_none() || answer == Some("one".into()), "it asked before the change");
        assert_eq!(here.near.get(KEY), Held::Nothing);
        assert_eq!(cache.find_versioned(KEY).await, Ok(None), "what is old was not filled in");
        assert_eq!(here.read(two()).await, Some("two".into()));
        assert_eq!(there.read(never()).await, Some("two".into()));
        cache.del(&[Bytes::from_static(KEY)]).await.unwrap();
    }
}

#[tokio::test]
async fn a_change_while_another_loads_is_not_filled_over() {
    let cache = Cache::embedded();
    let (here, there) = (Reader::of(&cache), Reader::of(&cache));
    let (changing, other) = (cache.clone(), there.clone());
    let paused = async move {
        changing.invalidate(KEY, 2, MINUTE).await.unwrap();
        assert_eq!(other.read(two()).await, Some("two".into()));
        Some((1, "one".into()))
    };
    assert_eq!(here.read(paused).await, Some("one".into()));
    assert_eq!(cache.find_versioned(KEY).await, Ok(Some((2, "two".into()))));
    for reader in [here, there] {
        assert_eq!(reader.read(never()).await, Some("two".into()));
    }
}

#[tokio::test]
async fn every_change_of_a_key_drops_what_is_held() {
    let cache = Cache::embedded();
    // One whose near-caches are gone is in nobody's way.
    drop(CacheHandle::connected(cache.clone()));
    let handle = CacheHandle::connected(cache.clone());
    let near = NearCache::<u64>::new(&handle, SETTINGS);
    let take = TakeRequest::new(1, MINUTE).unwrap();
    for step in 0..12 {
        if step != 4 {
            cache.set(KEY, "1".into(), Expiry::Never).await.unwrap();
        }
        let held = || async move { Ok::<_, Never>(watched(Some(step))) };
        assert_eq!(near.get_or_load(KEY, held).await, Ok(Some(step)), "of step {step}");
        match step {
            0 => cache.set(KEY, "2".into(), Expiry::Never).await.unwrap(),
            1 => drop(cache.del(&["other".into(), Bytes::from_static(KEY)]).await.unwrap()),
            2 => drop(cache.expire(KEY, MINUTE).await.unwrap()),
            3 => drop(cache.expire(KEY, Duration::ZERO).await.unwrap()),
            4 => drop(cache.set_if_absent(KEY, "x".into(), Expiry::Never).await.unwrap()),
            5 => drop(cache.incr(KEY).await.unwrap()),
            6 => drop(cache.replace_if_equal(KEY, "1".into(), "2".into(), Expiry::Never).await.unwrap()),
            7 => drop(cache.delete_if_equal(KEY, "1".into()).await.unwrap()),
            8 => drop(cache.set_if_newer(KEY, 1, "r".into(), Expiry::Never).await.unwrap()),
            9 => cache.invalidate(KEY, 1, MINUTE).await.unwrap(),
            10 => drop(cache.take(KEY, take).await.unwrap()),
            _ => assert_eq!(delete_matching(&cache, "k:*").await, 1),
        }
        assert_eq!(near.get(KEY), Held::Nothing, "after step {step}");
    }
}

async fn delete_matching(cache: &Cache, pattern: &str) -> u64 {
    let request = DeleteRequest::matching(pattern.parse().unwrap());
    let progress = watch::Sender::new(DeleteReport::default());
    let report = cache.keyspace().delete(&request, &progress, &CancellationToken::new()).await.unwrap();
    report.nodes.iter().map(|node| node.deleted).sum()
}
