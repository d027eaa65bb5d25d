//! A cluster is whole when it is handed over, fails over, and lets slots move.

use testkit::{
    ClusterOptions, Reply, Resp, ValkeyCluster, key_slot, shared_cluster, shared_single, unique_prefix,
};

#[tokio::test]
async fn fails_over_when_a_master_is_killed() {
    let cluster = ValkeyCluster::start(ClusterOptions::default()).await;
    let masters = cluster.masters().await;
    assert_eq!(masters.len(), 3);
    cluster.fill((0..9_000).map(|number| (format!("key-{number}"), "value".to_owned()))).await;
    assert_eq!(cluster.key_count().await, 9_000);
    let victim = cluster.node_for_slot(0).await;
    let heirs = cluster.replicas_of(&victim.id).await;
    assert_eq!(heirs.len(), 1);

    cluster.kill(victim.address);
    cluster.wait_until_failed_over(victim.address).await;
    assert_eq!(cluster.node_for_slot(0).await.id, heirs[0].id);
    assert_eq!(cluster.key_count().await, 9_000);

    cluster.restart(victim.address).await;
    cluster.wait_until_ok().await;
    cluster.flush().await;
    assert_eq!(cluster.key_count().await, 0);
}

#[tokio::test]
async fn a_hung_master_is_replaced_and_comes_back() {
    let options = ClusterOptions { require_full_coverage: false, ..ClusterOptions::default() };
    let cluster = ValkeyCluster::start(options).await;
    let victim = cluster.node_for_slot(16_383).await;
    cluster.pause(victim.address);
    cluster.wait_until_failed_over(victim.address).await;
    cluster.resume(victim.address);
    cluster.wait_until_failed_over(victim.address).await;
}

#[tokio::test]
async fn slots_move_with_their_keys() {
    let mut cluster = ValkeyCluster::start(ClusterOptions::default()).await;
    let slot = key_slot(b"{tag}");
    cluster.fill((0..300).map(|number| (format!("{{tag}}-{number}"), "value".to_owned()))).await;
    let target = cluster.add_empty_master().await;
    assert!(target.slots.is_empty());

    let migration = cluster.begin_migration(slot, &target).await;
    assert_eq!(migration.move_keys(120).await, 120);
    let mut source = Resp::connect(migration.source().address).await.expect("the source listens");
    assert_eq!(source.command(&["CLUSTER", "COUNTKEYSINSLOT", &slot.to_string()]).await, Reply::Integer(180));
    let reads: Vec<_> = (0..300).map(|number| vec!["GET".to_owned(), format!("{{tag}}-{number}")]).collect();
    let answers = source.pipeline(&reads).await;
    let redirected =
        answers.iter().filter(|reply| reply.is_error() && reply.text().starts_with("ASK ")).count();
    assert_eq!(redirected, 120);
    migration.finish().await;
    assert_eq!(cluster.node_for_slot(slot).await.id, target.id);
    assert!(source.command(&["GET", "{tag}-0"]).await.text().starts_with("MOVED "));
    cluster.wait_until_ok().await;
    assert_eq!(cluster.key_count().await, 300);

    cluster.fill((0..20_000).map(|number| (format!("key-{number}"), "value".to_owned()))).await;
    cluster.move_slots(5_000..=5_999, &target).await;
    cluster.wait_until_ok().await;
    assert_eq!(cluster.node_for_slot(5_000).await.id, target.id);
    assert_eq!(cluster.node_for_slot(5_999).await.id, target.id);
    assert_eq!(cluster.key_count().await, 20_300);
}

#[tokio::test]
async fn clients_go_through_the_proxies() {
    let cluster = ValkeyCluster::start(ClusterOptions { proxied: true, ..ClusterOptions::default() }).await;
    let master = cluster.node_for_slot(0).await;
    let other = cluster.node_for_slot(16_383).await;
    let mut resp = Resp::connect(other.address).await.expect("the proxy listens");
    let moved = resp.command(&["GET", "{06S}"]).await;
    assert_eq!(key_slot(b"{06S}"), 0);
    assert_eq!(moved.text(), format!("MOVED 0 {}", master.address));
    cluster.proxy(master.address).cut().await;
    assert!(Resp::connect(master.address).await.is_err());
    cluster.proxy(master.address).pass().await;
    assert!(Resp::connect(master.address).await.is_ok());
}

#[tokio::test]
async fn the_shared_servers_can_be_had_twice() {
    let prefix = unique_prefix();
    for round in 0..2 {
        let cluster = shared_cluster().await;
        cluster.fill([(format!("{prefix}{round}"), "value".to_owned())]).await;
        assert_eq!(cluster.masters().await.len(), 3);
        let mut resp = Resp::connect(shared_single().await).await.expect("it listens");
        assert_eq!(resp.command(&["SET", &prefix, "1"]).await.text(), "OK");
    }
    assert_ne!(prefix, unique_prefix());
}
