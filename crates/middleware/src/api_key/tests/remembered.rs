//! Keys that are remembered, when their source gives no answer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cache::{CacheClient, CacheHandle};
use domain::{ApiKeyHash, ApiKeyRecord, RecalledKey, RememberedKeys};
use http::{Extensions, Method, Request, StatusCode};

use super::support::{Guarded, KEY, Mood, NOW, TestSource, hash_of, place_of, record_of};

/// In requests that may be let in by what is remembered.
#[derive(Clone)]
struct Reads;

fn may_recall(method: &Method, extensions: &Extensions) -> bool {
    method == Method::GET && extensions.get::<Reads>().is_some()
}

#[derive(Default)]
struct Memory {
    keys: Mutex<HashMap<[u8; 32], RecalledKey>>,
    honoured: AtomicUsize,
}

impl Memory {
    fn put(&self, key: &str, recalled: RecalledKey) {
        self.keys.lock().unwrap().insert(*hash_of(key).as_bytes(), recalled);
    }
}

impl RememberedKeys for Memory {
    fn confirm(&self, record: &ApiKeyRecord) {
        let recalled = RecalledKey::Confirmed(record.clone());
        self.keys.lock().unwrap().insert(*record.hash.as_bytes(), recalled);
    }

    fn refuse(&self, hash: &ApiKeyHash) {
        self.keys.lock().unwrap().insert(*hash.as_bytes(), RecalledKey::Revoked);
    }

    fn recall(&self, hash: &ApiKeyHash) -> RecalledKey {
        self.keys.lock().unwrap().get(hash.as_bytes()).cloned().unwrap_or(RecalledKey::Nothing)
    }

    fn was_honoured(&self) {
        self.honoured.fetch_add(1, Ordering::SeqCst);
    }
}

/// A process whose source and cache are away.
fn alone() -> (Guarded, Arc<Memory>) {
    let source = TestSource::of([record_of(KEY)]);
    source.is_now(Mood::Away);
    with_memory(Guarded::new(CacheHandle::connecting(["nowhere".to_owned()]), &source))
}

fn with_memory(guarded: Guarded) -> (Guarded, Arc<Memory>) {
    let memory = Arc::new(Memory::default());
    let layer = guarded.layer.clone().remembering(memory.clone(), may_recall);
    (Guarded { layer, ..guarded }, memory)
}

async fn reading(guarded: &Guarded, key: &str) -> StatusCode {
    asking(guarded, Method::GET, key).await
}

async fn asking(guarded: &Guarded, method: Method, key: &str) -> StatusCode {
    let request = Request::builder().method(method).header("X-API-Key", key).extension(Reads);
    guarded.call(request.body(()).unwrap()).await.status()
}

#[tokio::test]
async fn a_key_that_was_good_reads_and_does_nothing_else() {
    let (guarded, memory) = alone();
    assert_eq!(reading(&guarded, KEY).await, StatusCode::SERVICE_UNAVAILABLE);
    memory.put(KEY, RecalledKey::Confirmed(record_of(KEY)));
    assert_eq!(reading(&guarded, KEY).await, StatusCode::OK);
    assert_eq!(asking(&guarded, Method::POST, KEY).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(guarded.with_key(KEY).await, StatusCode::SERVICE_UNAVAILABLE, "another route");
    assert_eq!(reading(&guarded, "another-key").await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(memory.honoured.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_key_that_was_withdrawn_is_refused_everywhere() {
    let (guarded, memory) = alone();
    memory.put(KEY, RecalledKey::Revoked);
    assert_eq!(reading(&guarded, KEY).await, StatusCode::UNAUTHORIZED);
    assert_eq!(guarded.with_key(KEY).await, StatusCode::UNAUTHORIZED);
    // The source decides when it answers.
    guarded.source.is_now(Mood::Answers);
    assert_eq!(guarded.with_key(KEY).await, StatusCode::OK);
}

#[tokio::test]
async fn no_key_outlives_its_own_time() {
    let (guarded, memory) = alone();
    let expires_at = Some(NOW + Duration::from_secs(60));
    memory.put(KEY, RecalledKey::Confirmed(ApiKeyRecord { expires_at, ..record_of(KEY) }));
    assert_eq!(reading(&guarded, KEY).await, StatusCode::OK);
    guarded.clock.advance(Duration::from_secs(60));
    assert_eq!(reading(&guarded, KEY).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_is_found_out_is_told() {
    let (guarded, cache) = Guarded::alone([record_of(KEY)]);
    let (guarded, memory) = with_memory(guarded);
    assert_eq!(guarded.with_key(KEY).await, StatusCode::OK);
    assert_eq!(memory.recall(&hash_of(KEY)), RecalledKey::Confirmed(record_of(KEY)));
    assert_eq!(guarded.with_key("another-key").await, StatusCode::UNAUTHORIZED);
    assert_eq!(memory.recall(&hash_of("another-key")), RecalledKey::Revoked);

    // Another process finds the record in the shared cache.
    let source = TestSource::of([]);
    let (another, memory) = with_memory(Guarded::new(CacheHandle::connected(cache), &source));
    assert_eq!(another.with_key(KEY).await, StatusCode::OK);
    let RecalledKey::Confirmed(record) = memory.recall(&hash_of(KEY)) else { panic!("it is confirmed") };
    assert_eq!((record.version, record.scopes), (1, record_of(KEY).scopes));
}

#[tokio::test]
async fn the_shared_cache_is_asked_whether_it_knows_better() {
    let (guarded, cache) = Guarded::alone([record_of(KEY)]);
    let (guarded, memory) = with_memory(guarded);
    memory.put(KEY, RecalledKey::Confirmed(record_of(KEY)));
    guarded.source.is_now(Mood::Away);
    assert_eq!(reading(&guarded, KEY).await, StatusCode::OK);
    cache.invalidate(&place_of(KEY), 2, Duration::from_secs(60)).await.unwrap();
    assert_eq!(reading(&guarded, KEY).await, StatusCode::SERVICE_UNAVAILABLE);
}
