//! Three masters.

use std::net::SocketAddr;

use testkit::{ClusterOptions, ValkeyCluster};

use super::{HEALED, WITHOUT_LINK, Watching, address};
use crate::config::CacheConfig;
use crate::slot::key_slot;

fn key_in_slot(slot: u16) -> String {
    let tag = (0..).map(|number: u32| number.to_string()).find(|tag| key_slot(tag.as_bytes()) == slot);
    format!("near:{{{}}}", tag.unwrap())
}

/// One key of each master, with the master.
async fn keys(servers: &ValkeyCluster) -> Vec<(SocketAddr, String)> {
    let masters = servers.masters().await.into_iter().filter(|master| !master.slots.is_empty());
    masters.map(|master| (master.address, key_in_slot(*master.slots[0].end()))).collect()
}

async fn set(servers: &ValkeyCluster, key: &str) {
    let owner = servers.node_for_slot(key_slot(key.as_bytes())).await;
    drop(servers.connect(owner.address).await.command(&["SET", key, "new"]).await.accepted("SET"));
}

async fn watch(servers: &ValkeyCluster) -> Watching {
    Watching::connect(CacheConfig::cluster(vec![address(servers.addresses()[0])])).await
}

/// Every key is told of, and none of another's.
async fn all_are_followed(watching: &Watching, servers: &ValkeyCluster, keys: &[(SocketAddr, String)]) {
    for (_, key) in keys {
        watching.hold(key).await;
    }
    for (at, (_, key)) in keys.iter().enumerate() {
        watching.follows(key, set(servers, key)).await;
        for (_, later) in &keys[at + 1..] {
            assert!(watching.is_used(later), "{later} did not change");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_on_every_master_are_told_also_after_a_fail_over() {
    let options = ClusterOptions { require_full_coverage: false, ..Default::default() };
    let servers = ValkeyCluster::start(options).await;
    let watching = watch(&servers).await;
    let keys = keys(&servers).await;
    assert_eq!(keys.len(), 3);
    all_are_followed(&watching, &servers, &keys).await;
    let victim = keys[0].0;
    for (_, key) in &keys {
        watching.hold(key).await;
    }
    servers.kill(victim);
    let took = watching.drops(&keys[0].1, WITHOUT_LINK).await;
    println!("master killed: its key unused after {took:?}");
    assert!(watching.is_used(&keys[1].1) && watching.is_used(&keys[2].1), "the others are told of as before");
    servers.wait_until_failed_over(victim).await;
    let began = std::time::Instant::now();
    watching.hold(&keys[0].1).await;
    println!("master killed: watched again {:?} after the fail-over", began.elapsed());
    all_are_followed(&watching, &servers, &keys).await;
    watching.client.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hung_master_costs_its_own_keys_only() {
    let options = ClusterOptions { require_full_coverage: false, ..Default::default() };
    let servers = ValkeyCluster::start(options).await;
    let watching = watch(&servers).await;
    let keys = keys(&servers).await;
    for (_, key) in &keys {
        watching.hold(key).await;
    }
    servers.pause(keys[1].0);
    println!("master hung: its key unused after {:?}", watching.drops(&keys[1].1, WITHOUT_LINK).await);
    assert!(watching.is_used(&keys[0].1) && watching.is_used(&keys[2].1));
    servers.wait_until_failed_over(keys[1].0).await;
    let began = std::time::Instant::now();
    all_are_followed(&watching, &servers, &keys).await;
    println!("master hung: all told again {:?} after the fail-over", began.elapsed());
    servers.resume(keys[1].0);
    watching.client.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_moves_is_told_of_before_during_and_after() {
    let options = ClusterOptions { replicas_per_master: 0, empty_masters: 1, ..Default::default() };
    let servers = ValkeyCluster::start(options).await;
    let watching = watch(&servers).await;
    let keys = keys(&servers).await;
    let (owner, key) = keys[2].clone();
    set(&servers, &key).await;
    let empty = servers.masters().await.into_iter().find(|master| master.slots.is_empty()).unwrap();
    watching.hold(&key).await;
    let migration = servers.begin_migration(key_slot(key.as_bytes()), &empty).await;
    assert!(watching.is_used(&key), "nothing has changed yet");
    migration.move_keys(10).await;
    watching.drops(&key, WITHOUT_LINK).await;
    // The key is with the target, and the map does not say so: it is the target that tells.
    watching.hold(&key).await;
    let mut target = servers.connect(empty.address).await;
    let change = async {
        let replies = target.pipeline(&[vec!["ASKING"], vec!["SET", &key, "newer"]]).await;
        assert!(replies.iter().all(|reply| !reply.is_error()), "{replies:?}");
    };
    println!("moving: told after {:?}", watching.follows(&key, change).await);
    watching.hold(&key).await;
    migration.finish().await;
    assert!(servers.node_for_slot(key_slot(key.as_bytes())).await.address != owner);
    let map = watching.client.topology.map().generation;
    watching.client.topology.refreshed(map, tokio::time::Instant::now() + HEALED).await;
    watching.drops(&key, WITHOUT_LINK).await;
    println!("moved: told after {:?}", watching.follows(&key, set(&servers, &key)).await);
    all_are_followed(&watching, &servers, &keys).await;
    watching.client.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fail_over_by_hand_is_followed() {
    let servers = ValkeyCluster::start(ClusterOptions::default()).await;
    let watching = watch(&servers).await;
    let keys = keys(&servers).await;
    let (old, key) = keys[0].clone();
    watching.hold(&key).await;
    let master = servers.node_for_slot(key_slot(key.as_bytes())).await;
    let replica = servers.nodes().await.into_iter().find(|node| node.master_id.as_ref() == Some(&master.id));
    let mut replica = servers.connect(replica.unwrap().address).await;
    drop(replica.command(&["CLUSTER", "FAILOVER"]).await.accepted("CLUSTER FAILOVER"));
    servers.wait_until_failed_over(old).await;
    // Nobody of ours asks for a key meanwhile: it is the tracking link that notices.
    println!("fail-over by hand: unused after {:?}", watching.drops(&key, WITHOUT_LINK).await);
    all_are_followed(&watching, &servers, &keys).await;
    watching.client.end().await;
}
