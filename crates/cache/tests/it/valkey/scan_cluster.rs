//! Scanning and deleting in a cluster while masters die and slots move.

use std::time::Duration;

use bytes::Bytes;
use cache::{CacheClient, DeleteReport, DeleteRequest};
use futures::StreamExt;
use testkit::{ClusterOptions, ValkeyCluster};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::support::{Pages, cluster, glob, key_in_slot, keyspace, names, page_through, pairs};

/// A cluster with this many keys at full scale.
async fn filled(keys: usize) -> (ValkeyCluster, Vec<String>) {
    let keys = testkit::scaled(keys);
    let servers = ValkeyCluster::start(ClusterOptions::default()).await;
    let names = names("key:", keys);
    servers.fill(pairs(&names)).await;
    (servers, names)
}

#[tokio::test(flavor = "multi_thread")]
async fn paging_goes_on_through_a_killed_master() {
    let (servers, names) = filled(300_000).await;
    let cache = cluster(&servers).await;
    // Slot 0 comes first, so its master is being read after a few pages.
    let victim = servers.node_for_slot(0).await.address;
    let pages = page_through(&cache, "key:*", 500, async |page| {
        if page == 5 {
            servers.kill(victim);
        }
    })
    .await;
    let repeats = pages.assert_all(&names);
    assert!(repeats <= 50, "repeats are bounded by one slot: {repeats}");
    cache.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_through_a_killed_master() {
    let (servers, names) = filled(300_000).await;
    let cache = cluster(&servers).await;
    let victim = servers.node_for_slot(9_000).await.address;
    let mut stream = keyspace(&cache).stream(&glob("key:*"));
    let mut pages = Pages::default();
    while let Some(batch) = stream.next().await {
        let batch = batch.expect("a batch");
        pages.total += batch.len();
        pages.keys.extend(batch);
        pages.count += 1;
        if pages.count == 4 {
            servers.kill(victim);
        }
    }
    let repeats = pages.assert_all(&names);
    assert!(repeats <= 50, "repeats are bounded by one slot: {repeats}");
    cache.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_goes_on_through_a_killed_master() {
    let (servers, names) = filled(600_000).await;
    servers.fill(pairs(&super::support::names("other:", 1_000))).await;
    let cache = cluster(&servers).await;
    let victim = servers.node_for_slot(9_000).await.address;
    let request =
        DeleteRequest { patience: Duration::from_secs(30), ..DeleteRequest::matching(glob("key:*")) };
    let (progress, mut seen) = watch::channel(DeleteReport::default());
    let deletion = tokio::spawn({
        let keyspace = keyspace(&cache);
        async move { keyspace.delete(&request, &progress, &CancellationToken::new()).await }
    });
    seen.wait_for(|report| report.deleted() > 2_000).await.unwrap();
    servers.kill(victim);
    let report = deletion.await.unwrap().unwrap();
    assert!(report.is_complete(), "{report:?}");
    assert!(report.matched() >= names.len() as u64, "{report:?}");
    servers.wait_until_ok().await;
    assert_eq!(servers.key_count().await, 1_000, "only the others are left");
    cache.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_deletion_ends_at_once_also_while_it_waits_for_a_node() {
    let (servers, names) = filled(30_000).await;
    let cache = cluster(&servers).await;
    for master in servers.masters().await {
        servers.pause(master.address);
    }
    let request =
        DeleteRequest { patience: Duration::from_secs(60), ..DeleteRequest::matching(glob("key:*")) };
    let cancel = CancellationToken::new();
    let keyspace = keyspace(&cache);
    let (progress, _seen) = watch::channel(DeleteReport::default());
    let deletion = keyspace.delete(&request, &progress, &cancel);
    let began = std::time::Instant::now();
    let (report, ()) = tokio::join!(deletion, async { cancel.cancel() });
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let report = report.unwrap();
    assert!(report.cancelled && report.deleted() < names.len() as u64, "{report:?}");
    cache.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn moving_a_thousand_slots_in_mid_scan_loses_no_key() {
    let (servers, names) = filled(300_000).await;
    let cache = cluster(&servers).await;
    let masters = servers.masters().await;
    // From ahead of the scan to behind it and the other way round; in both the slots go away under the reader.
    let first = masters.iter().find(|master| master.owns(0)).expect("an owner").clone();
    let last = masters.iter().find(|master| master.owns(16_383)).expect("an owner").clone();
    let pages = page_through(&cache, "key:*", 500, async |page| match page {
        3 => servers.move_slots(1_500..=1_999, &last).await,
        6 => servers.move_slots(15_000..=15_499, &first).await,
        _ => {}
    })
    .await;
    let repeats = pages.assert_all(&names);
    assert!(repeats <= 50, "{repeats}");
    let mut stream = keyspace(&cache).stream(&glob("key:*"));
    let mut streamed = Pages::default();
    let moving = servers.move_slots(3_000..=3_499, &last);
    let reading = async {
        while let Some(batch) = stream.next().await {
            let batch = batch.expect("a batch");
            streamed.total += batch.len();
            streamed.keys.extend(batch);
        }
    };
    tokio::join!(moving, reading);
    streamed.assert_all(&names);
    cache.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_in_an_open_migration_is_read_on_both_sides() {
    let servers = ValkeyCluster::start(ClusterOptions::default()).await;
    let names: Vec<String> = (0..300).map(|number| key_in_slot(&format!("key:{number}:"), 5)).collect();
    servers.fill(pairs(&names)).await;
    let source = servers.node_for_slot(5).await;
    let target = servers.masters().await.into_iter().find(|master| master.id != source.id).expect("another");
    let migration = servers.begin_migration(5, &target).await;
    assert_eq!(migration.move_keys(120).await, 120);
    let cache = cluster(&servers).await;
    let whole = page_through(&cache, "key:*", 50, async |_| {}).await;
    whole.assert_all(&names);
    // Type, time to live and size are known of each key, whichever side it is on.
    let keys: Vec<Bytes> = names.iter().map(|name| name.clone().into()).collect();
    let summaries = keyspace(&cache).summaries(&keys).await.unwrap();
    assert!(summaries.iter().all(Option::is_some), "a key on the move is not gone");
    // Keys go on moving between the pages.
    let moving = page_through(&cache, "key:*", 20, async |_| {
        migration.move_keys(10).await;
    })
    .await;
    moving.assert_all(&names);
    let request = DeleteRequest::matching(glob("key:*"));
    let report = keyspace(&cache)
        .delete(&request, &watch::Sender::default(), &CancellationToken::new())
        .await
        .unwrap();
    assert_eq!((report.deleted(), report.is_complete()), (300, true), "{report:?}");
    migration.finish().await;
    assert_eq!(servers.key_count().await, 0);
    cache.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_large_slot_is_paged_through_a_failover() {
    let servers = ValkeyCluster::start(ClusterOptions::default()).await;
    let names: Vec<String> = (0..50_000).map(|number| format!("{{big}}:{number}")).collect();
    servers.fill(pairs(&names)).await;
    let cache = cluster(&servers).await;
    let victim = servers.node_for_slot(cache::key_slot(b"big")).await.address;
    let pages = page_through(&cache, "{big}:*", 200, async |page| {
        if page == 100 {
            servers.kill(victim);
        }
    })
    .await;
    let repeats = pages.assert_all(&names);
    assert!(repeats <= 100 * 250, "the slot begins again once: {repeats}");
    cache.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_serves_the_next_page() {
    let view = testkit::shared_cluster().await;
    let prefix = testkit::unique_prefix();
    let names = names(&prefix, 3_000);
    view.fill(pairs(&names)).await;
    let mut found = std::collections::HashSet::<Bytes>::new();
    let mut request =
        cache::PageRequest { pattern: glob(&format!("{prefix}*")), cursor: cache::Cursor::START, limit: 400 };
    loop {
        let cache = cluster(&view).await;
        let page = keyspace(&cache).page(&request).await.unwrap();
        cache.close().await;
        found.extend(page.keys);
        request.cursor = page.cursor.to_string().parse().unwrap();
        if page.cursor.is_edge() {
            break;
        }
    }
    assert_eq!(found.len(), names.len());
}
