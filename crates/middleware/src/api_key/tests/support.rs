//! A layer over an embedded cache, and a source that tells what was asked of it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use cache::{Cache, CacheHandle};
use domain::{
    ApiKey, ApiKeyHash, ApiKeyRecord, ApiKeySource, Caller, KeyBinding, ManualClock, RateTier, Scope, Scopes,
    SourceUnavailable,
};
use http::{Request, Response, StatusCode};
use seal::{KeyRing, SealingKey};
use tokio::sync::watch;
use tower::{Layer, ServiceExt, service_fn};

use super::super::*;
use crate::{CacheTrouble, ClientAddress};

pub(super) const KEY: &str = "the-key-of-an-operator";
/// When the clock of every test begins.
pub(super) const NOW: SystemTime = UNIX_EPOCH;

pub(super) fn hash_of(key: &str) -> ApiKeyHash {
    ApiKeyHash::of(&ApiKey::parse(key).unwrap())
}

/// What the record of `key` stands under.
pub(super) fn place_of(key: &str) -> Vec<u8> {
    format!("apikey:sha256:{}", hash_of(key)).into_bytes()
}

pub(super) fn record_of(key: &str) -> ApiKeyRecord {
    ApiKeyRecord {
        id: "operator".into(),
        hash: hash_of(key),
        name: "operator".to_owned(),
        binding: KeyBinding::default(),
        scopes: Scopes::from_iter([Scope::CACHE_READ]),
        rate_tier: Some(RateTier::Service),
        version: 1,
        expires_at: None,
    }
}

pub(super) fn ring(byte: u8) -> KeyRing {
    KeyRing::new(SealingKey::from_bytes([byte; 32]), [])
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Mood {
    Answers,
    Away,
    Hangs,
}

/// Counts how often it is asked, and by how many at once.
pub(super) struct TestSource {
    records: Mutex<HashMap<[u8; 32], ApiKeyRecord>>,
    mood: watch::Sender<Mood>,
    pub(super) asked: AtomicUsize,
    in_flight: AtomicUsize,
    pub(super) most_in_flight: AtomicUsize,
}

impl TestSource {
    pub(super) fn of(records: impl IntoIterator<Item = ApiKeyRecord>) -> Arc<Self> {
        let source = Self {
            records: Mutex::default(),
            mood: watch::Sender::new(Mood::Answers),
            asked: AtomicUsize::new(0),
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
        };
        records.into_iter().for_each(|record| source.put(record));
        Arc::new(source)
    }

    pub(super) fn put(&self, record: ApiKeyRecord) {
        self.records.lock().unwrap().insert(*record.hash.as_bytes(), record);
    }

    pub(super) fn remove(&self, key: &str) {
        self.records.lock().unwrap().remove(hash_of(key).as_bytes());
    }

    pub(super) fn is_now(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(super) async fn asked_by(&self, callers: usize) {
        until(|| self.in_flight.load(Ordering::SeqCst) == callers).await;
    }
}

/// Waits until it is so.
pub(super) async fn until(is_so: impl Fn() -> bool) {
    let waited = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waited).await.expect("it never came to that");
}

struct InFlight<'a>(&'a TestSource);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl ApiKeySource for TestSource {
    async fn find(&self, hash: &ApiKeyHash) -> Result<Option<ApiKeyRecord>, SourceUnavailable> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let in_flight = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        let _in_flight = InFlight(self);
        self.most_in_flight.fetch_max(in_flight, Ordering::SeqCst);
        let mood = *self.mood.subscribe().wait_for(|mood| *mood != Mood::Hangs).await.unwrap();
        match mood {
            Mood::Away => Err(SourceUnavailable { source: "connection refused".into() }),
            Mood::Answers | Mood::Hangs => Ok(self.records.lock().unwrap().get(hash.as_bytes()).cloned()),
        }
    }
}

/// One process.
pub(super) struct Guarded {
    pub(super) source: Arc<TestSource>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) layer: ApiKeyLayer,
}

impl Guarded {
    pub(super) fn new(cache: CacheHandle, source: &Arc<TestSource>) -> Self {
        Self::with_ring(cache, source, ring(7))
    }

    pub(super) fn with_ring(cache: CacheHandle, source: &Arc<TestSource>, ring: KeyRing) -> Self {
        let clock = Arc::new(ManualClock::new(NOW));
        let layer = ApiKeyLayer::cached(source.clone(), clock.clone(), cache, ring);
        Self { source: Arc::clone(source), clock, layer }
    }

    /// A process with a cache of its own.
    pub(super) fn alone(records: impl IntoIterator<Item = ApiKeyRecord>) -> (Self, Cache) {
        let cache = Cache::embedded();
        (Self::new(CacheHandle::connected(cache.clone()), &TestSource::of(records)), cache)
    }

    pub(super) fn limited(self, limits: SourceLimits) -> Self {
        Self { layer: self.layer.source_limits(limits), ..self }
    }

    /// The body of the answer says who called, and whether the cache was in trouble.
    pub(super) async fn call(&self, request: Request<()>) -> Response<Bytes> {
        let inner = service_fn(async |request: Request<()>| {
            let caller = request.extensions().get::<Caller>().expect("a caller");
            assert_eq!(caller.rate_tier(), Some(RateTier::Service));
            assert!(
                caller.scopes().allows(&Scope::CACHE_READ) && !caller.scopes().allows(&Scope::CACHE_WRITE)
            );
            let trouble =
                if request.extensions().get::<CacheTrouble>().is_some() { " in trouble" } else { "" };
            Ok::<_, Infallible>(Response::new(Bytes::from(format!("{}{trouble}", caller.id()))))
        });
        self.layer.layer(inner).oneshot(request).await.unwrap()
    }

    pub(super) async fn with_key(&self, key: &str) -> StatusCode {
        self.call(Request::get("/").header("X-API-Key", key).body(()).unwrap()).await.status()
    }

    pub(super) async fn told(&self, key: &str) -> String {
        let response = self.call(Request::get("/").header("X-API-Key", key).body(()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK);
        String::from_utf8(response.into_body().to_vec()).unwrap()
    }

    pub(super) async fn at_address(&self, address: u32, key: &str) -> Response<Bytes> {
        let peer = ClientAddress(IpAddr::from(address.to_be_bytes()));
        let request = Request::get("/").header("X-API-Key", key).extension(peer).body(()).unwrap();
        self.call(request).await
    }

    pub(super) fn asked(&self) -> usize {
        self.source.asked()
    }
}
