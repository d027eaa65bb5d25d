//! Near-caches over real servers: what another client changes is not used any more, whatever happens to the links.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use cache::{
    CacheClient, CacheConfig, CacheHandle, Expiry, Held, LoadAborted, Loaded, NearCache, NearSettings, Secret,
};
use testkit::{ElastiCache, Proxy, ValkeyServer};

use super::support::{address, key_in_slot};

/// Bounds of the product: while the tracking link lives, and otherwise.
const WITH_LINK: Duration = Duration::from_secs(1);
const WITHOUT_LINK: Duration = Duration::from_secs(2);
const HEALED: Duration = Duration::from_secs(10);

fn settings() -> NearSettings {
    NearSettings {
        prefix: "near:",
        max_bytes: 16 << 20,
        max_absent_bytes: 1 << 20,
        ttl: Duration::from_secs(3_600),
        absent_ttl: Duration::from_secs(3_600),
        unwatched_ttl: Duration::ZERO,
        stale_for: Duration::ZERO,
    }
}

/// A near-cache of texts over a handle.
struct Near {
    handle: CacheHandle,
    held: NearCache<Bytes>,
}

impl Near {
    async fn connect(config: CacheConfig) -> Self {
        let handle = CacheHandle::connecting(["valkey".to_owned()]);
        // Made before there is a connection, as the service does it.
        let held = NearCache::new(&handle, settings());
        handle.attach(cache::connect(config).await.unwrap());
        Self { handle, held }
    }

    /// Reads through the near-cache.
    async fn read(&self, key: &str) -> Option<Bytes> {
        let (cache, of_load) = (self.handle.current().unwrap(), key.to_owned());
        let load = move || async move {
            let value = cache.get(of_load.as_bytes()).await.ok();
            let bytes = value.as_ref().map_or(0, Bytes::len);
            Ok::<_, LoadAborted>(Loaded { value, bytes, is_watched: true, may_be_held: true })
        };
        self.held.get_or_load(key.as_bytes(), load).await.unwrap()
    }

    fn has(&self, key: &str) -> bool {
        !matches!(self.held.get(key.as_bytes()), Held::Nothing | Held::Stale(_))
    }

    /// Reads until the near-cache holds it.
    async fn hold(&self, key: &str) {
        testkit::wait_until("the key to be held", HEALED, || async {
            self.read(key).await;
            self.has(key)
        })
        .await;
    }

    async fn drops(&self, what: &str, key: &str, limit: Duration) {
        let began = Instant::now();
        testkit::wait_until("what is held not to be used", 2 * limit, || async { !self.has(key) }).await;
        println!("{what}: not used after {:?}", began.elapsed());
        assert!(began.elapsed() <= limit, "{what}: used for {:?}", began.elapsed());
    }

    async fn close(self) {
        self.handle.current().unwrap().close().await;
    }
}

async fn single(of: SocketAddr) -> Near {
    Near::connect(CacheConfig::single(address(of))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_all_three_masters_follow_another_client() {
    let servers = testkit::shared_cluster().await;
    let near = Near::connect(CacheConfig::cluster(vec![address(servers.addresses()[0])])).await;
    let prefix = format!("near:{}", testkit::unique_prefix());
    let masters = servers.masters().await;
    let keys: Vec<_> = masters
        .iter()
        .map(|master| (master.address, key_in_slot(&prefix, *master.slots[0].start())))
        .collect();
    assert_eq!(keys.len(), 3);
    for (_, key) in &keys {
        near.hold(key).await;
    }
    for (master, key) in &keys {
        let mut other = servers.connect(*master).await;
        drop(other.command(&["SET", key, "new"]).await.accepted("SET"));
        near.drops("another client's SET", key, WITH_LINK).await;
        assert_eq!(near.read(key).await.as_deref(), Some(&b"new"[..]));
        near.hold(key).await;
        drop(other.command(&["DEL", key]).await.accepted("DEL"));
        near.drops("another client's DEL", key, WITH_LINK).await;
        assert_eq!(near.read(key).await, None);
    }
    near.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_to_the_link_no_old_value_is_used_for_long() {
    let server = ValkeyServer::start().await;
    let proxy = Proxy::start(server.address()).await;
    let near = single(proxy.address()).await;
    let key = "near:k";
    let mut other = server.connect().await;
    near.hold(key).await;
    proxy.half_open().await;
    drop(other.command(&["SET", key, "1"]).await);
    near.drops("half-open", key, WITHOUT_LINK).await;
    proxy.pass().await;
    near.hold(key).await;
    assert_eq!(near.read(key).await.as_deref(), Some(&b"1"[..]));
    proxy.cut().await;
    drop(other.command(&["SET", key, "2"]).await);
    near.drops("cut", key, WITHOUT_LINK).await;
    proxy.pass().await;
    near.hold(key).await;
    assert_eq!(near.read(key).await.as_deref(), Some(&b"2"[..]));
    drop(other.command(&["FLUSHALL"]).await);
    near.drops("emptied", key, WITH_LINK).await;
    assert_eq!(near.read(key).await, None);
    testkit::wait_until("a lag to be measured", HEALED, || async {
        near.handle.tracking_counters().samples > 0
    })
    .await;
    near.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_changes_leave_no_old_value() {
    const KEYS: usize = 500;
    let server = ValkeyServer::start().await;
    let near = single(server.address()).await;
    let keys: Vec<String> = (0..KEYS).map(|number| format!("near:{number}")).collect();
    near.hold(&keys[0]).await;
    let address = server.address();
    let changed = keys.clone();
    let writer = tokio::spawn(async move {
        let mut other = testkit::Resp::connect(address).await.unwrap();
        for round in 1..=10_000 / KEYS {
            let commands: Vec<Vec<String>> =
                changed.iter().map(|key| vec!["SET".to_owned(), key.clone(), round.to_string()]).collect();
            other.pipeline(&commands).await;
        }
    });
    // Readers fill the near-cache all the while, so that loads and news cross.
    while !writer.is_finished() {
        for key in &keys {
            near.read(key).await;
        }
    }
    writer.await.unwrap();
    let last = (10_000 / KEYS).to_string();
    let began = Instant::now();
    testkit::wait_until("every value to be the last", WITH_LINK, || async {
        let mut right = true;
        for key in &keys {
            right &= near.read(key).await.as_deref() == Some(last.as_bytes());
        }
        right
    })
    .await;
    println!("10,000 changes: every value is the last after {:?}", began.elapsed());
    assert!(near.held.counters().hits > 0);
    near.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_shaped_like_elasticache_tells_of_changes() {
    let elasticache = ElastiCache::start().await;
    let config = CacheConfig {
        username: Some(elasticache.username().to_owned()),
        password: Some(Secret::new(elasticache.password())),
        tls: true,
        ca_certificate_pem: Some(elasticache.authority().pem().as_bytes().to_vec()),
        ..CacheConfig::cluster(vec![elasticache.endpoint().parse().unwrap()])
    };
    let near = Near::connect(config.clone()).await;
    let other = cache::connect(config).await.unwrap();
    for key in (0..6).map(|number| format!("near:{number}")) {
        near.hold(&key).await;
        other.set(key.as_bytes(), "new".into(), Expiry::Never).await.unwrap();
        near.drops("another client's SET", &key, WITH_LINK).await;
    }
    other.close().await;
    near.close().await;
}
