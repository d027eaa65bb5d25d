//! Killed and hung nodes: every operation ends within its budget, the others go on, and all heals by itself.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use cache::{Cache, CacheClient, Expiry};
use testkit::{ClusterOptions, Proxy, ValkeyCluster, ValkeyServer};

use super::support::{cluster, counters, key_in_slot, keyspace, single};

/// The budget of an operation and what a busy machine adds to it.
const BUDGET: Duration = Duration::from_millis(500);
const SLACK: Duration = Duration::from_millis(500);

async fn heals(cache: &Cache, key: &str, limit: Duration) {
    testkit::wait_for("the cache to heal", limit, || async {
        cache.set(key.as_bytes(), "healed".into(), Expiry::Never).await.map_err(|error| error.to_string())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hung_server_costs_the_budget_three_times_and_then_nothing() {
    let server = ValkeyServer::start().await;
    let cache = single(server.address()).await;
    server.pause();
    for _ in 0..3 {
        let began = Instant::now();
        assert!(cache.get(b"k").await.expect_err("an outage").is_outage());
        assert!(began.elapsed() < BUDGET + SLACK, "{:?}", began.elapsed());
    }
    let began = Instant::now();
    for _ in 0..100 {
        assert!(cache.get(b"k").await.expect_err("an outage").is_outage());
    }
    assert!(began.elapsed() < Duration::from_secs(1), "100 refusals took {:?}", began.elapsed());
    server.resume();
    heals(&cache, "k", Duration::from_secs(5)).await;
    cache.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_hangs_is_replaced() {
    let server = ValkeyServer::start().await;
    let proxy = Proxy::start(server.address()).await;
    let cache = single(proxy.address()).await;
    proxy.half_open().await;
    testkit::wait_until("the link to be replaced", Duration::from_secs(6), || async {
        counters(&cache).links_replaced >= 1
    })
    .await;
    proxy.pass().await;
    heals(&cache, "k", Duration::from_secs(8)).await;
    proxy.cut().await;
    let began = Instant::now();
    assert!(cache.get(b"k").await.is_err());
    assert!(began.elapsed() < BUDGET + SLACK);
    proxy.pass().await;
    heals(&cache, "k", Duration::from_secs(5)).await;
    cache.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_swallows_everything_costs_the_budget_three_times_and_then_nothing() {
    let server = ValkeyServer::start().await;
    let proxy = Proxy::start(server.address()).await;
    let cache = single(proxy.address()).await;
    proxy.cut().await;
    proxy.half_open().await;
    let began = Instant::now();
    for _ in 0..50 {
        assert!(cache.get(b"k").await.expect_err("an outage").is_outage());
    }
    assert!(began.elapsed() < 3 * BUDGET + Duration::from_secs(1), "{:?}", began.elapsed());
    proxy.pass().await;
    heals(&cache, "k", Duration::from_secs(8)).await;
    cache.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_keys_wait_no_longer_than_somebody_would() {
    let server = ValkeyServer::start().await;
    let cache = single(server.address()).await;
    let keys: Vec<_> = (0..10_000).map(|number| format!("k{number}").into()).collect();
    server.pause();
    let began = Instant::now();
    assert!(cache.del(&keys).await.expect_err("an outage").is_outage());
    assert!(began.elapsed() < Duration::from_millis(1_500) + SLACK, "{:?}", began.elapsed());
    server.resume();
    cache.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_server_is_found_again() {
    let server = ValkeyServer::start().await;
    let cache = single(server.address()).await;
    server.kill();
    let began = Instant::now();
    assert!(cache.get(b"k").await.expect_err("an outage").is_outage());
    assert!(began.elapsed() < BUDGET + SLACK);
    let stats = keyspace(&cache).stats().await.unwrap();
    assert!(stats.nodes.is_empty());
    assert_eq!(stats.unreachable[0].node, server.address().to_string());
    server.restart().await;
    heals(&cache, "k", Duration::from_secs(5)).await;
    cache.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_became_a_replica_is_left_for_the_new_one() {
    let old = ValkeyServer::start().await;
    let new = old.start_replica().await;
    // The proxy is the primary endpoint's name: new connections go to the new primary, old ones stay where they are.
    let endpoint = Proxy::start(old.address()).await;
    let cache = single(endpoint.address()).await;
    cache.set(b"k", "before".into(), Expiry::Never).await.unwrap();
    new.promote().await;
    endpoint.set_upstream(new.address());
    let to = (new.address().ip().to_string(), new.address().port().to_string());
    old.connect().await.command(&["REPLICAOF", &to.0, &to.1]).await;
    heals(&cache, "k", Duration::from_secs(5)).await;
    let standing = new.connect().await.command(&["GET", "k"]).await;
    assert_eq!(standing.text(), "healed");
    cache.close().await;
}

/// For a second, every one of these keys is read without delay.
async fn others_answer(cache: &Cache, keys: &[(SocketAddr, String)]) {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(1) {
        for (_, key) in keys {
            let asked = Instant::now();
            assert_eq!(cache.get(key.as_bytes()).await.unwrap(), "v");
            assert!(
                asked.elapsed() < Duration::from_millis(250),
                "another master took {:?}",
                asked.elapsed()
            );
        }
    }
}

/// A cluster that serves what it can, a client, and one key of each master beside the master it is on.
async fn cluster_with_a_key_on_each_master() -> (ValkeyCluster, Cache, Vec<(SocketAddr, String)>) {
    let options = ClusterOptions { require_full_coverage: false, ..Default::default() };
    let servers = ValkeyCluster::start(options).await;
    let cache = cluster(&servers).await;
    let mut keys = Vec::new();
    for master in servers.masters().await {
        let key = key_in_slot("k", *master.slots[0].start());
        cache.set(key.as_bytes(), "v".into(), Expiry::Never).await.unwrap();
        keys.push((master.address, key));
    }
    (servers, cache, keys)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_master_does_not_stop_the_others_and_its_replica_takes_over() {
    let (servers, cache, keys) = cluster_with_a_key_on_each_master().await;
    let (victim, lost) = keys[0].clone();
    servers.kill(victim);
    others_answer(&cache, &keys[1..]).await;
    for _ in 0..10 {
        let began = Instant::now();
        assert!(cache.get(lost.as_bytes()).await.expect_err("an outage").is_outage());
        assert!(began.elapsed() < BUDGET + SLACK, "{:?}", began.elapsed());
    }
    servers.wait_until_failed_over(victim).await;
    heals(&cache, &lost, Duration::from_secs(5)).await;
    cache.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hung_master_does_not_stop_the_others_and_its_replica_takes_over() {
    let (servers, cache, keys) = cluster_with_a_key_on_each_master().await;
    let (victim, lost) = keys[0].clone();
    servers.pause(victim);
    // Large values to the hung node must not stand in the way of the others.
    let large: Vec<_> = (0..8)
        .map(|_| {
            let (cache, lost) = (cache.clone(), lost.clone());
            tokio::spawn(
                async move { cache.set(lost.as_bytes(), vec![0; 1 << 20].into(), Expiry::Never).await },
            )
        })
        .collect();
    others_answer(&cache, &keys[1..]).await;
    for write in large {
        assert!(write.await.unwrap().is_err());
    }
    servers.wait_until_failed_over(victim).await;
    heals(&cache, &lost, Duration::from_secs(8)).await;
    servers.resume(victim);
    heals(&cache, &lost, Duration::from_secs(5)).await;
    cache.close().await;
}
