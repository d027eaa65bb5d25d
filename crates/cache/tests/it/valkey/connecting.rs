//! Connecting, credentials, certificates, topologies, closing.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use cache::{CacheClient, CacheConfig, CacheError, Expiry, Refusal, Secret};
use testkit::{
    CertificateAuthority, ClusterOptions, ElastiCache, Proxy, TlsServer, ValkeyCluster, ValkeyOptions,
    ValkeyServer,
};

use super::support::{address, cluster, keyspace, single};

fn alive_tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

/// Sockets of this process that lead to a port, from the kernel's table.
fn sockets_to(server: SocketAddr) -> usize {
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    let target = |entry: std::io::Result<std::fs::DirEntry>| std::fs::read_link(entry.ok()?.path()).ok();
    let own: HashSet<String> =
        open.filter_map(target).map(|target| target.to_string_lossy().into_owned()).collect();
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let port = format!(":{:04X}", server.port());
    let leads_there = |line: &&str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields[2].ends_with(&port) && own.contains(&format!("socket:[{}]", fields[9]))
    };
    table.lines().skip(1).filter(leads_there).count()
}

async fn nothing_is_left(tasks: usize, server: SocketAddr) {
    testkit::wait_for("every task and socket to be gone", Duration::from_secs(2), || async {
        let left = (alive_tasks(), sockets_to(server));
        if left == (tasks, 0) {
            Ok(())
        } else {
            Err(format!("{left:?} tasks and sockets, {tasks} tasks before"))
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn close_releases_everything() {
    let server = ValkeyServer::start().await;
    let tasks = alive_tasks();
    let cache = single(server.address()).await;
    cache.set(b"k", vec![b'x'; 100_000].into(), Expiry::Never).await.unwrap();
    assert!(sockets_to(server.address()) >= 2, "one link for requests, one for large values");
    cache.close().await;
    nothing_is_left(tasks, server.address()).await;
    let began = Instant::now();
    assert_eq!(cache.get(b"k").await, Err(CacheError::Closed));
    assert_eq!(cache.del(&["k".into()]).await, Err(CacheError::Closed));
    assert_eq!(cache.ping().await, Err(CacheError::Closed));
    assert_eq!(keyspace(&cache).stats().await, Err(CacheError::Closed));
    assert!(began.elapsed() < Duration::from_millis(50));
}

#[tokio::test(flavor = "multi_thread")]
async fn close_ends_everything_while_the_server_hangs() {
    let server = ValkeyServer::start().await;
    let tasks = alive_tasks();
    let cache = single(server.address()).await;
    server.pause();
    let began = Instant::now();
    // The request is on its way when the client is closed under it.
    let (answer, ()) = tokio::join!(cache.get(b"k"), cache.close());
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(answer, Err(CacheError::Closed));
    nothing_is_left(tasks, server.address()).await;
    server.resume();
}

#[tokio::test(flavor = "multi_thread")]
async fn close_ends_everything_while_links_are_being_opened_to_a_hung_server() {
    let server = ValkeyServer::start().await;
    let tasks = alive_tasks();
    let cache = single(server.address()).await;
    server.pause();
    // The hung link was given up, and its successor waits for a server that does not greet.
    testkit::wait_until("the link to be replaced", Duration::from_secs(6), || async {
        super::support::counters(&cache).links_replaced >= 1
    })
    .await;
    let began = Instant::now();
    cache.close().await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    nothing_is_left(tasks, server.address()).await;
    server.resume();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_client_leaves_nothing_closed_or_dropped() {
    let servers = ValkeyCluster::start(ClusterOptions::default()).await;
    let tasks = alive_tasks();
    for closes in [true, false] {
        let cache = cluster(&servers).await;
        // Links to the replicas, too.
        assert_eq!(keyspace(&cache).stats().await.unwrap().unreachable, []);
        if closes {
            cache.close().await;
        }
        drop(cache);
        for address in servers.addresses() {
            nothing_is_left(tasks, address).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_start_leaves_nothing() {
    let server =
        ValkeyServer::start_with(ValkeyOptions { password: Some("right".to_owned()), ..Default::default() })
            .await;
    let tasks = alive_tasks();
    for password in [None, Some(Secret::new("wrong"))] {
        let config = CacheConfig { password, ..CacheConfig::single(address(server.address())) };
        let error = cache::connect(config).await.err().expect("a refusal");
        assert!(error.is_misconfiguration(), "{error:?}");
        assert!(error.to_string().contains("CACHE_PASSWORD"), "{error}");
        nothing_is_left(tasks, server.address()).await;
    }
    let right = CacheConfig {
        password: Some(Secret::new("right")),
        ..CacheConfig::single(address(server.address()))
    };
    let cache = cache::connect(right).await.unwrap();
    cache.ping().await.unwrap();
    cache.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_against_nothing_or_a_hung_server_fails_in_time_and_leaves_nothing() {
    let server = ValkeyServer::start().await;
    let proxy = Proxy::start(server.address()).await;
    proxy.half_open().await;
    let tasks = alive_tasks();
    let config = CacheConfig {
        dial_timeout: Duration::from_millis(500),
        ..CacheConfig::single(address(proxy.address()))
    };
    let began = Instant::now();
    assert!(matches!(cache::connect(config.clone()).await, Err(CacheError::Unavailable { .. })));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    proxy.cut().await;
    let error = cache::connect(config).await.err().expect("a failure");
    assert!(error.to_string().contains(&proxy.address().to_string()), "{error}");
    testkit::wait_until("the tasks to end", Duration::from_secs(2), || async { alive_tasks() <= tasks })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn acl_users_log_in_and_are_refused_by_name() {
    let users = vec!["app on >secret ~app:* +@all".to_owned()];
    let server = ValkeyServer::start_with(ValkeyOptions { users, ..Default::default() }).await;
    let config = CacheConfig {
        username: Some("app".to_owned()),
        password: Some(Secret::new("secret")),
        ..CacheConfig::single(address(server.address()))
    };
    let cache = cache::connect(config).await.unwrap();
    cache.set(b"app:k", "v".into(), Expiry::Never).await.unwrap();
    let error = cache.get(b"other").await.expect_err("no permission");
    assert!(matches!(&error, CacheError::Refused { refusal: Refusal::Permission(_), .. }), "{error:?}");
    cache.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_verifies_the_certificate() {
    let server = TlsServer::start().await;
    let config = |authority: &CertificateAuthority| CacheConfig {
        tls: true,
        ca_certificate_pem: Some(authority.pem().as_bytes().to_vec()),
        ..CacheConfig::single(server.endpoint().parse().unwrap())
    };
    let cache = cache::connect(config(server.authority())).await.unwrap();
    cache.set(b"k", "v".into(), Expiry::Never).await.unwrap();
    assert_eq!(cache.get(b"k").await.unwrap(), "v");
    cache.close().await;
    let other = CertificateAuthority::generate();
    let error = cache::connect(config(&other)).await.err().expect("an unknown authority");
    assert!(matches!(&error, CacheError::Refused { refusal: Refusal::Certificate(_), .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mode_must_fit_the_server() {
    let server = ValkeyServer::start().await;
    let error = cache::connect(CacheConfig::cluster(vec![address(server.address())])).await.err().unwrap();
    assert!(error.is_misconfiguration() && error.to_string().contains("CACHE_MODE=single"), "{error:?}");
    let cluster = testkit::shared_cluster().await;
    let error = cache::connect(CacheConfig::single(address(cluster.addresses()[0]))).await.err().unwrap();
    assert!(error.is_misconfiguration() && error.to_string().contains("CACHE_MODE=cluster"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_is_enough_for_a_cluster() {
    let view = testkit::shared_cluster().await;
    let cache = cluster(&view).await;
    let prefix = testkit::unique_prefix();
    for number in 0..100 {
        cache.set(format!("{prefix}{number}").as_bytes(), "v".into(), Expiry::Never).await.unwrap();
    }
    let stats = keyspace(&cache).stats().await.unwrap();
    let masters: Vec<_> = stats.nodes.iter().filter(|node| node.role == cache::NodeRole::Master).collect();
    assert_eq!(masters.len(), 3);
    assert_eq!(masters.iter().map(|node| node.slots).sum::<u16>(), cache::SLOTS);
    assert!(masters.iter().all(|node| node.keys > 0));
    cache.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_shaped_like_elasticache_works_under_its_restrictions() {
    let elasticache = ElastiCache::start().await;
    let logins =
        [(Some(elasticache.username().to_owned()), elasticache.password()), (None, elasticache.token())];
    for (username, password) in logins {
        let config = CacheConfig {
            username,
            password: Some(Secret::new(password)),
            tls: true,
            ca_certificate_pem: Some(elasticache.authority().pem().as_bytes().to_vec()),
            ..CacheConfig::cluster(vec![elasticache.endpoint().parse().unwrap()])
        };
        let cache = cache::connect(config).await.unwrap();
        let names = super::support::names("elasti:", 300);
        for name in &names {
            cache.set(name.as_bytes(), "v".into(), Expiry::Never).await.unwrap();
        }
        let claim = cache.set_if_absent(b"claim", "token".into(), Expiry::Never).await.unwrap();
        assert_eq!(claim, cache::SetIfAbsent::Stored);
        let pages = super::support::page_through(&cache, "elasti:*", 50, async |_| {}).await;
        pages.assert_all(&names);
        // The nodes tell each other of themselves; the map is read again every ten seconds.
        testkit::wait_until("figures of all six nodes", Duration::from_secs(15), || async {
            let stats = keyspace(&cache).stats().await.unwrap();
            (stats.nodes.len(), stats.unreachable.len()) == (6, 0)
        })
        .await;
        let request = cache::DeleteRequest::matching(super::support::glob("*"));
        let progress = tokio::sync::watch::Sender::default();
        let report = keyspace(&cache).delete(&request, &progress, &Default::default()).await.unwrap();
        assert_eq!((report.deleted(), report.is_complete()), (301, true), "{report:?}");
        cache.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_without_full_coverage_works() {
    let servers =
        ValkeyCluster::start(ClusterOptions { require_full_coverage: false, ..Default::default() }).await;
    let cache = cluster(&servers).await;
    cache.set(b"k", "v".into(), Expiry::Never).await.unwrap();
    assert_eq!(cache.get(b"k").await.unwrap(), "v");
    cache.close().await;
}
