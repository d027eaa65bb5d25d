//! An ACL user with no more than what docs/ARCHITECTURE.md names is enough for everything that the client does.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use cache::{
    Cache, CacheClient, CacheConfig, CacheHandle, Cursor, DeleteReport, DeleteRequest, Expiry, Held,
    LoadAborted, Loaded, NearCache, NearSettings, PageRequest, Secret, TakeRequest,
};
use futures::StreamExt;
use futures::future::join_all;
use testkit::{ClusterOptions, Resp, ValkeyCluster, ValkeyServer};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::support::{address, glob};

/// What operators are told to set.
const DOCUMENT: &str = include_str!("../../../../../docs/ARCHITECTURE.md");
const PASSWORD: &str = "of-the-user";
const KEYS: usize = 300;

/// The rules of the document, as ACL SETUSER takes them.
fn rules() -> Vec<&'static str> {
    let (_, after) = DOCUMENT.split_once("ACL SETUSER pool-manager on >PASSWORD").expect("the rules");
    let (rules, _) = after.split_once("\n\n").expect("an end of the rules");
    rules.split_whitespace().collect()
}

async fn make_user(server: &mut Resp) {
    let password = format!(">{PASSWORD}");
    let command = ["ACL", "SETUSER", "pool-manager", "on", &password];
    let command: Vec<&str> = command.into_iter().chain(rules()).collect();
    drop(server.command(&command).await.accepted("ACL SETUSER"));
}

fn with_user(config: CacheConfig) -> CacheConfig {
    CacheConfig { username: Some("pool-manager".to_owned()), password: Some(Secret::new(PASSWORD)), ..config }
}

async fn use_all(config: CacheConfig) {
    let handle = CacheHandle::connecting(["valkey".to_owned()]);
    let settings = NearSettings {
        prefix: "apikey:",
        max_bytes: 1 << 20,
        max_absent_bytes: 1 << 20,
        ttl: Duration::from_secs(60),
        absent_ttl: Duration::from_secs(60),
        unwatched_ttl: Duration::ZERO,
        stale_for: Duration::ZERO,
    };
    let near: NearCache<Bytes> = NearCache::new(&handle, settings);
    let cache = cache::connect(config).await.unwrap();
    handle.attach(cache.clone());
    // Many at once, alone and together.
    join_all((0..KEYS).map(|number| use_operations(&cache, number))).await;
    use_keyspace(&cache).await;
    cache.publish(b"tenant-events:staging:", Bytes::from_static(b"{}")).await.unwrap();
    testkit::wait_until("the tracking link to prove itself", Duration::from_secs(10), || async {
        let load = || async {
            let value = Some(Bytes::from_static(b"v"));
            Ok::<_, LoadAborted>(Loaded { value, bytes: 1, is_watched: true, may_be_held: true })
        };
        near.get_or_load(b"apikey:k", load).await.unwrap();
        matches!(near.get(b"apikey:k"), Held::Fresh(_))
    })
    .await;
    testkit::wait_until("the lag of tracking to be measured", Duration::from_secs(10), || async {
        handle.tracking_counters().samples > 0
    })
    .await;
    cache.close().await;
}

async fn use_operations(cache: &Cache, number: usize) {
    let key = format!("tenant:{number}");
    let (key, minute) = (key.as_bytes(), Expiry::After(Duration::from_secs(60)));
    cache.set(key, "a".into(), minute).await.unwrap();
    cache.get(key).await.unwrap();
    cache.set_if_absent(key, "b".into(), minute).await.unwrap();
    cache.replace_if_equal(key, "a".into(), "c".into(), minute).await.unwrap();
    cache.delete_if_equal(key, "c".into()).await.unwrap();
    cache.incr(key).await.unwrap();
    cache.expire(key, Duration::from_secs(60)).await.unwrap();
    assert_eq!(cache.exists(&[Bytes::copy_from_slice(key)]).await, Ok(1));
    cache.del(&[Bytes::copy_from_slice(key)]).await.unwrap();
    cache.set_if_newer(key, 1, "v".into(), minute).await.unwrap();
    cache.invalidate(key, 2, Duration::from_millis(1)).await.unwrap();
    let limited = format!("limit:{number}");
    let limit = TakeRequest::new(5, Duration::from_secs(60)).unwrap();
    cache.take(limited.as_bytes(), limit).await.unwrap();
    let leased = format!("lease:{number}");
    cache.lease(leased.as_bytes(), "token".into(), Duration::from_secs(5)).await.unwrap();
    cache.fill(leased.as_bytes(), "token".into(), 1, "v".into(), minute).await.unwrap();
}

async fn use_keyspace(cache: &Cache) {
    let keyspace = cache.keyspace();
    let request = PageRequest { pattern: glob("l*"), cursor: Cursor::START, limit: 1_000 };
    let page = keyspace.page(&request).await.unwrap();
    assert!(!page.keys.is_empty());
    assert!(keyspace.summaries(&page.keys).await.unwrap().iter().all(Option::is_some));
    assert!(keyspace.inspect(&page.keys[0], 64).await.unwrap().is_some());
    assert!(keyspace.stats().await.unwrap().unreachable.is_empty());
    let streamed = keyspace.stream(&glob("limit:*")).collect::<Vec<_>>().await;
    assert!(streamed.iter().all(Result::is_ok));
    let progress = watch::Sender::new(DeleteReport::default());
    let request = DeleteRequest {
        patterns: vec![glob("limit:*")],
        filter: None,
        dry_run: false,
        samples: 0,
        patience: Duration::from_secs(1),
    };
    let report = keyspace.delete(&request, &progress, &CancellationToken::new()).await.unwrap();
    assert_eq!(report.deleted(), KEYS as u64, "{report:?}");
    cache.ping().await.unwrap();
}

async fn assert_nothing_was_refused(server: &mut Resp, at: SocketAddr) {
    let log = server.command(&["ACL", "LOG"]).await;
    // Name and value in turns; the sixth is what was refused.
    let refused: Vec<String> = log.array().iter().map(|entry| entry.array()[7].text()).collect();
    assert_eq!(refused, Vec::<String>::new(), "{at}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_user_of_the_document_can_do_all_on_one_node() {
    let server = ValkeyServer::start().await;
    make_user(&mut server.connect().await).await;
    use_all(with_user(CacheConfig::single(address(server.address())))).await;
    assert_nothing_was_refused(&mut server.connect().await, server.address()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_user_of_the_document_can_do_all_in_a_cluster() {
    let cluster = ValkeyCluster::start(ClusterOptions::default()).await;
    for node in cluster.addresses() {
        make_user(&mut cluster.connect(node).await).await;
    }
    use_all(with_user(CacheConfig::cluster(vec![address(cluster.addresses()[0])]))).await;
    for node in cluster.addresses() {
        assert_nothing_was_refused(&mut cluster.connect(node).await, node).await;
    }
}
