//! Tracking against real servers, with a sink that holds what a near-cache would.

mod cluster;
mod single;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use testkit::wait_until;

use crate::address::NodeAddress;
use crate::config::CacheConfig;
use crate::near::{Hub, Proof, Sink};
use crate::valkey::{Counters, ValkeyCache};

/// Longest life of what is held when its link tells nothing any more.
const WITHOUT_LINK: Duration = Duration::from_secs(2);
/// Longest life of what is held while the link lives.
const WITH_LINK: Duration = Duration::from_secs(1);
/// How long anything may take to be well again.
const HEALED: Duration = Duration::from_secs(10);

/// Keys and the proofs they are held under, and nothing else of a near-cache.
#[derive(Default)]
struct Held {
    entries: Mutex<HashMap<Vec<u8>, Arc<Proof>>>,
    /// Taken by a test to make the receiver stand still.
    gate: Mutex<()>,
    told: AtomicUsize,
}

impl Sink for Held {
    fn invalidate(&self, key: &[u8]) {
        self.told.fetch_add(1, Ordering::SeqCst);
        drop(self.gate.lock().unwrap());
        self.entries.lock().unwrap().remove(key);
    }

    fn clear(&self) {
        self.entries.lock().unwrap().clear();
    }
}

/// A client whose keys are watched.
struct Watching {
    client: ValkeyCache,
    hub: Arc<Hub>,
    held: Arc<Held>,
}

impl Watching {
    async fn connect(config: CacheConfig) -> Self {
        let client = ValkeyCache::connect(config).await.unwrap();
        let (hub, held) = (Arc::new(Hub::new()), Arc::new(Held::default()));
        let sink: Weak<Held> = Arc::downgrade(&held);
        hub.add("near:".into(), sink);
        client.track(Arc::clone(&hub));
        Self { client, hub, held }
    }

    async fn single(of: SocketAddr) -> Self {
        Self::connect(CacheConfig::single(address(of))).await
    }

    /// Whether something read of `key` now could be held.
    fn is_covered(&self, key: &str) -> bool {
        self.hub.proof(key.as_bytes()).is_some_and(|proof| proof.holds_at(self.hub.now_micros()))
    }

    /// Waits until `key` is watched, and holds it.
    async fn hold(&self, key: &str) {
        wait_until("the key to be watched", HEALED, || async { self.is_covered(key) }).await;
        let proof = self.hub.proof(key.as_bytes()).unwrap();
        self.held.entries.lock().unwrap().insert(key.into(), proof);
    }

    /// Whether what is held of `key` may be used.
    fn is_used(&self, key: &str) -> bool {
        let entries = self.held.entries.lock().unwrap();
        entries.get(key.as_bytes()).is_some_and(|proof| proof.holds_at(self.hub.now_micros()))
    }

    /// Waits until `key` is not used any more, and says how long that took.
    async fn drops(&self, key: &str, limit: Duration) -> Duration {
        let began = Instant::now();
        wait_until("what is held not to be used", 2 * limit, || async { !self.is_used(key) }).await;
        let took = began.elapsed();
        assert!(took <= limit, "it was used for {took:?}");
        took
    }

    /// Holds `key`, has `change` change it, and waits until it is dropped.
    async fn follows(&self, key: &str, change: impl Future<Output = ()>) -> Duration {
        self.hold(key).await;
        change.await;
        self.drops(key, WITH_LINK).await
    }

    fn counters(&self) -> Counters {
        self.client.counters()
    }
}

fn address(of: SocketAddr) -> NodeAddress {
    NodeAddress::new(of.ip().to_string(), of.port())
}
