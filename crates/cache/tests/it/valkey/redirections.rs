//! MOVED, ASK and TRYAGAIN.

use std::time::Duration;

use bytes::Bytes;
use cache::{CacheClient, Expiry, SetIfAbsent};
use futures::future::join_all;
use testkit::{ClusterOptions, ValkeyCluster};

use super::support::{cluster, counters, key_in_slot};

#[tokio::test(flavor = "multi_thread")]
async fn commands_go_on_during_an_open_slot_migration_also_to_a_node_without_slots() {
    let servers = ValkeyCluster::start(ClusterOptions { empty_masters: 1, ..Default::default() }).await;
    let masters = servers.masters().await;
    let empty = masters.iter().find(|master| master.slots.is_empty()).expect("a master without slots");
    let cache = cluster(&servers).await;
    for slot in [7_u16, 8] {
        let source = servers.node_for_slot(slot).await;
        let other = masters
            .iter()
            .find(|master| !master.slots.is_empty() && master.id != source.id)
            .expect("another");
        let target = if slot == 7 { empty } else { other };
        let key = |number: usize| key_in_slot(&format!("m{number}:"), slot);
        let keys: Vec<Bytes> = (0..40).map(|number| key(number).into()).collect();
        for key in &keys[..20] {
            cache.set(key, "before".into(), Expiry::Never).await.unwrap();
        }
        let migration = servers.begin_migration(slot, target).await;
        assert_eq!(migration.move_keys(10).await, 10);
        for key in &keys[..20] {
            assert_eq!(cache.get(key).await.unwrap(), "before");
            assert_eq!(
                cache.set_if_absent(key, "no".into(), Expiry::Never).await.unwrap(),
                SetIfAbsent::Present("before".into())
            );
        }
        for key in &keys[20..] {
            cache.set(key, "during".into(), Expiry::Never).await.unwrap();
        }
        // Keys on both sides: TRYAGAIN for the slot as a whole, so key by key.
        assert_eq!(cache.exists(&keys).await.unwrap(), 40);
        assert_eq!(cache.incr(key_in_slot("counter:", slot).as_bytes()).await.unwrap(), 1);
        assert_eq!(cache.incr(key_in_slot("counter:", slot).as_bytes()).await.unwrap(), 2);
        assert_eq!(cache.del(&keys).await.unwrap(), 40);
        migration.finish().await;
        assert_eq!(cache.incr(key_in_slot("counter:", slot).as_bytes()).await.unwrap(), 3);
    }
    assert!(counters(&cache).redirections > 0);
    cache.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_commands_to_a_moved_slot_cause_one_refresh() {
    let servers = ValkeyCluster::start(ClusterOptions::default()).await;
    let cache = cluster(&servers).await;
    let key = key_in_slot("k", 42);
    cache.set(key.as_bytes(), "v".into(), Expiry::Never).await.unwrap();
    let source = servers.node_for_slot(42).await;
    let masters = servers.masters().await;
    let target = masters.iter().find(|master| master.id != source.id).expect("another");
    servers.move_slots(42..=42, target).await;
    let before = counters(&cache);
    let reads = join_all((0..1_000).map(|_| cache.get(key.as_bytes()))).await;
    assert!(reads.into_iter().all(|read| read == Ok("v".into())));
    testkit::wait_until("the refresh", Duration::from_secs(2), || async {
        counters(&cache).map_refreshes > before.map_refreshes
    })
    .await;
    let after = counters(&cache);
    assert_eq!(after.map_refreshes - before.map_refreshes, 1);
    assert!(after.redirections - before.redirections >= 1);
    assert_eq!(cache.get(key.as_bytes()).await.unwrap(), "v");
    assert_eq!(counters(&cache).redirections, after.redirections, "the new map is in use");
    assert!(after.links_opened <= 12, "no connection for each redirection: {after:?}");
    cache.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_lost_its_scripts_gets_them_again() {
    let servers = ValkeyCluster::start(ClusterOptions::default()).await;
    let cache = cluster(&servers).await;
    let request = cache::TakeRequest::new(100, Duration::from_secs(60)).unwrap();
    for round in 0..3_u64 {
        assert_eq!(cache.take(b"limit", request).await.unwrap().remaining, 99 - round);
        assert_eq!(
            cache.set_if_newer(b"record", round, "v".into(), Expiry::Never).await.unwrap(),
            cache::SetIfNewer::Stored
        );
        for master in servers.masters().await {
            servers.connect(master.address).await.command(&["SCRIPT", "FLUSH"]).await;
        }
    }
    cache.close().await;
}
