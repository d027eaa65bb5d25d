//! Scanning a single node through restarts of both sides.

use testkit::{Proxy, ValkeyServer};

use super::support::{names, page_through, pairs, single};

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_replaced_by_its_replica_between_two_pages_loses_no_key() {
    let primary = ValkeyServer::start().await;
    let names = names("key:", 5_000);
    primary.fill(pairs(&names)).await;
    let replica = primary.start_replica().await;
    let proxy = Proxy::start(primary.address()).await;
    let cache = single(proxy.address()).await;
    let pages = page_through(&cache, "key:*", 200, async |page| {
        if page == 8 {
            replica.promote().await;
            primary.kill();
            proxy.set_upstream(replica.address());
        }
    })
    .await;
    assert_eq!(pages.restarts, 1, "the page says that it began again");
    let repeats = pages.assert_all(&names);
    assert!(repeats <= 8 * 220, "only pages from before come again: {repeats}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_serves_the_next_page() {
    let server = ValkeyServer::start().await;
    let names = names("key:", 2_000);
    server.fill(pairs(&names)).await;
    let mut found = std::collections::HashSet::new();
    let mut request = cache::PageRequest {
        pattern: super::support::glob("key:*"),
        cursor: cache::Cursor::START,
        limit: 300,
    };
    loop {
        let cache = single(server.address()).await;
        let page = super::support::keyspace(&cache).page(&request).await.unwrap();
        cache::CacheClient::close(&cache).await;
        assert!(!page.restarted);
        found.extend(page.keys);
        request.cursor = page.cursor.to_string().parse().unwrap();
        if page.cursor.is_edge() {
            break;
        }
    }
    assert_eq!(found.len(), names.len());
}
