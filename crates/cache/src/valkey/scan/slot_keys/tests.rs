//! The fall-back on a server that would not need it: nothing else can be had here, and the commands are the same.

use std::collections::HashSet;
use std::sync::Arc;

use testkit::{ClusterOptions, ClusterView, ValkeyCluster};

use super::*;
use crate::address::NodeAddress;
use crate::client::CacheClient;
use crate::config::CacheConfig;
use crate::keyspace::ScanMethod;
use crate::keyspace::{Cursor, DeleteReport, DeleteRequest, PageRequest};
use crate::valkey::ValkeyCache;

#[test]
fn places_are_the_same_in_every_build() {
    assert_eq!(place(b""), 0xcbf2_9ce4_8422_2325);
    assert_eq!(place(b"foobar"), 0x8594_4171_f739_67e8);
}

async fn connect(cluster: &ClusterView) -> Arc<ValkeyCache> {
    let seed = cluster.addresses()[0];
    let seed = NodeAddress::new(seed.ip().to_string(), seed.port());
    let cache = ValkeyCache::connect(CacheConfig::cluster(vec![seed])).await.unwrap();
    Arc::new(ValkeyCache { method: ScanMethod::SlotKeys, ..cache })
}

async fn keys(cache: &ValkeyCache, pattern: &str, limit: usize) -> HashSet<Bytes> {
    let mut request = PageRequest { pattern: pattern.parse().unwrap(), cursor: Cursor::START, limit };
    let mut found = HashSet::new();
    loop {
        let page = cache.page(&request).await.unwrap();
        for key in page.keys {
            assert!(found.insert(key), "a key came twice while nothing moved");
        }
        request.cursor = page.cursor.to_string().parse().unwrap();
        if page.cursor.is_edge() {
            return found;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_slots_are_paged_in_the_order_of_our_own_hash() {
    let cluster = testkit::shared_cluster().await;
    let prefix = testkit::unique_prefix();
    let spread = (0..1_000).map(|number| format!("{prefix}{number}"));
    let in_one_slot = (0..500).map(|number| format!("{prefix}{{one}}{number}"));
    let names: Vec<String> = spread.chain(in_one_slot).collect();
    cluster.fill(names.iter().map(|name| (name.clone(), "value".to_owned()))).await;
    let cache = connect(&cluster).await;
    let found = keys(&cache, &format!("{prefix}*"), 90).await;
    assert_eq!(found.len(), names.len());
    assert!(names.iter().all(|name| found.contains(name.as_bytes())));
    let request = DeleteRequest::matching(format!("{prefix}*").parse().unwrap());
    let report =
        cache.delete_matching(&request, &tokio::sync::watch::Sender::default(), &Default::default()).await;
    assert_eq!(report.as_ref().map(DeleteReport::deleted), Ok(1_500), "{report:?}");
    cache.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_on_the_move_is_read_on_both_sides() {
    let cluster = ValkeyCluster::start(ClusterOptions::default()).await;
    let names: Vec<String> = (0..300).map(|number| format!("{{moving}}{number}")).collect();
    cluster.fill(names.iter().map(|name| (name.clone(), "value".to_owned()))).await;
    let slot = testkit::key_slot(b"moving");
    let source = cluster.node_for_slot(slot).await;
    let target = cluster.masters().await.into_iter().find(|master| master.id != source.id).unwrap();
    let migration = cluster.begin_migration(slot, &target).await;
    assert_eq!(migration.move_keys(120).await, 120);
    let cache = connect(&cluster).await;
    assert_eq!(keys(&cache, "*", 50).await.len(), 300);
    cache.close().await;
}
