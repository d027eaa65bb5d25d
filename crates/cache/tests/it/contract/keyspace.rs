//! Listing and looking at keys.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use bytes::Bytes;
use cache::{CacheClient, Cursor, Expiry, Glob, KeyTtl, NodeRole, PageRequest, SLOTS};
use futures::StreamExt;

use super::on_every_backend;
use crate::backend::Backend;

async fn pages_hold_every_key_that_matches(backend: &Backend) {
    let keys = backend.keys("page", 5_000);
    backend.fill(&keys, "v").await;
    let others = backend.keys("other", 200);
    backend.fill(&others, "v").await;

    let pages = backend.page_through(&backend.pattern("page:"), 100).await;
    let mut seen: HashMap<Bytes, usize> = HashMap::new();
    for page in &pages {
        let distinct: HashSet<&Bytes> = page.iter().collect();
        assert_eq!(distinct.len(), page.len(), "a page holds each of its keys once");
        for key in page {
            *seen.entry(key.clone()).or_default() += 1;
        }
    }
    let missing = keys.iter().filter(|key| !seen.contains_key(*key)).count();
    assert_eq!(missing, 0, "keys that no page held");
    assert_eq!(seen.len(), keys.len(), "keys of another name");
    let largest = pages.iter().map(Vec::len).max().unwrap();
    assert!(largest < 1_000, "a page of 100 held {largest}");
    if backend.is_embedded() {
        assert!(seen.values().all(|times| *times == 1) && largest == 100);
    }
}
on_every_backend!(pages_hold_every_key_that_matches: embedded_pages, single_pages, cluster_pages);

async fn nothing_to_list_ends_too(backend: &Backend) {
    let none = backend.page_through(&backend.pattern("nothing"), 1_000).await;
    assert_eq!(none.concat(), Vec::<Bytes>::new());
    backend.fill(&[backend.key("one")], "v").await;
    let exact: Glob = Glob::escape(std::str::from_utf8(&backend.key("one")).unwrap()).parse().unwrap();
    assert_eq!(backend.page_through(&exact, 10).await.concat(), [backend.key("one")]);
}
on_every_backend!(nothing_to_list_ends_too: embedded_nothing, single_nothing, cluster_nothing);

async fn a_foreign_cursor_begins_again(backend: &Backend) {
    let key = backend.key("cursor");
    backend.fill(std::slice::from_ref(&key), "v").await;
    // Of a single node that ran before, and of the other kind of cache.
    let foreign = if backend.is_embedded() { "n.7.9" } else { "e.7" };
    let exact: Glob = Glob::escape(std::str::from_utf8(&key).unwrap()).parse().unwrap();
    let mut request = PageRequest { pattern: exact, cursor: foreign.parse().unwrap(), limit: 100 };
    let mut page = backend.keyspace().page(&request).await.unwrap();
    assert!(page.restarted);
    let mut found = page.keys;
    while !page.cursor.is_edge() {
        request.cursor = page.cursor;
        page = backend.keyspace().page(&request).await.unwrap();
        assert!(!page.restarted);
        found.append(&mut page.keys);
    }
    assert_eq!(found, [key]);
}
on_every_backend!(a_foreign_cursor_begins_again: embedded_cursor, single_cursor, cluster_cursor);

async fn another_client_goes_on_from_a_cursor(backend: &Backend) {
    // Over one slot, so that few pages are needed on every backend.
    let keys = backend.keys("{resume}", 500);
    backend.fill(&keys, "v").await;
    let pattern = backend.pattern("{resume}");
    let mut request = PageRequest { pattern, cursor: Cursor::START, limit: 20 };
    let mut found = HashSet::new();
    loop {
        let page = backend.keyspace().page(&request).await.unwrap();
        found.extend(page.keys);
        if page.cursor.is_edge() {
            break;
        }
        // As a text, the way it goes to the caller and back to any replica of the service.
        request.cursor = page.cursor.to_string().parse().unwrap();
    }
    assert_eq!(found, keys.into_iter().collect());
}
on_every_backend!(another_client_goes_on_from_a_cursor: embedded_resume, single_resume, cluster_resume);

async fn a_stream_holds_every_key_that_matches(backend: &Backend) {
    let keys = backend.keys("stream", 3_000);
    backend.fill(&keys, "v").await;
    backend.fill(&backend.keys("other", 100), "v").await;
    let mut stream = backend.keyspace().stream(&backend.pattern("stream:"));
    let mut seen = HashSet::new();
    while let Some(batch) = stream.next().await {
        seen.extend(batch.unwrap());
    }
    assert_eq!(seen, keys.into_iter().collect());
}
on_every_backend!(a_stream_holds_every_key_that_matches: embedded_stream, single_stream, cluster_stream);

async fn a_key_is_looked_at(backend: &Backend) {
    let (cache, keyspace) = (&backend.cache, backend.keyspace());
    let (number, long) = (backend.key("number"), backend.key("long"));
    cache.set(&number, "42".into(), Expiry::Never).await.unwrap();
    cache.set(&long, vec![b'x'; 10_000].into(), Expiry::After(Duration::from_secs(60))).await.unwrap();

    let details = keyspace.inspect(&number, 100).await.unwrap().unwrap();
    assert_eq!((details.summary.kind.name(), details.encoding.as_str()), ("string", "int"));
    assert_eq!(details.summary.ttl, KeyTtl::Never);
    let preview = details.preview.unwrap();
    assert_eq!((preview.bytes, preview.length), ("42".into(), 2));

    let details = keyspace.inspect(&long, 10).await.unwrap().unwrap();
    assert_eq!(details.encoding, "raw");
    assert!(details.summary.memory_bytes >= 10_000 && details.summary.memory_bytes < 40_000);
    assert!(matches!(details.summary.ttl, KeyTtl::Remaining(left) if left <= Duration::from_secs(60)));
    let preview = details.preview.unwrap();
    assert_eq!((preview.bytes, preview.length), (vec![b'x'; 10].into(), 10_000));
    let most = keyspace.inspect(&long, 1_000_000).await.unwrap().unwrap().preview.unwrap();
    assert_eq!((most.bytes.len(), most.length), (4_096, 10_000));
    assert_eq!(keyspace.inspect(&long, 0).await.unwrap().unwrap().preview, None);

    let text = backend.key("text");
    cache.set(&text, "a text".into(), Expiry::Never).await.unwrap();
    assert_eq!(backend.details(&text).await.unwrap().encoding, "embstr");
    cache.set(&text, Bytes::new(), Expiry::Never).await.unwrap();
    let empty = backend.details(&text).await.unwrap().preview.unwrap();
    assert_eq!((empty.bytes.len(), empty.length), (0, 0));
    assert_eq!(keyspace.inspect(&backend.key("missing"), 10).await, Ok(None));
}
on_every_backend!(a_key_is_looked_at: embedded_inspect, single_inspect, cluster_inspect);

async fn summaries_keep_the_order(backend: &Backend) {
    let keys = backend.keys("summary", 120);
    for key in keys.iter().step_by(2) {
        backend.cache.set(key, "v".into(), Expiry::After(Duration::from_secs(60))).await.unwrap();
    }
    let summaries = backend.keyspace().summaries(&keys).await.unwrap();
    assert_eq!(summaries.len(), 120);
    for (number, summary) in summaries.iter().enumerate() {
        assert_eq!(summary.is_some(), number % 2 == 0, "key {number}");
        let Some(summary) = summary else { continue };
        assert_eq!(summary.kind.name(), "string");
        assert!(matches!(summary.ttl, KeyTtl::Remaining(_)) && summary.memory_bytes > 10);
    }
    assert_eq!(backend.keyspace().summaries(&[]).await, Ok(Vec::new()));
}
on_every_backend!(summaries_keep_the_order: embedded_summaries, single_summaries, cluster_summaries);

async fn figures_are_plausible(backend: &Backend) {
    let (cache, keyspace) = (&backend.cache, backend.keyspace());
    let keys = backend.keys("figure", 300);
    backend.fill(&keys, "value").await;
    let before = keyspace.stats().await.unwrap();
    for key in &keys {
        cache.get(key).await.unwrap();
    }
    for number in 0..30 {
        cache.get(&backend.key(&format!("missing:{number}"))).await.unwrap_err();
    }
    let stats = keyspace.stats().await.unwrap();
    assert_eq!(stats.unreachable, []);
    assert_eq!(stats.mode.is_none(), backend.is_embedded());
    let owners = || stats.nodes.iter().filter(|node| node.role != NodeRole::Replica);
    assert_eq!(owners().map(|node| node.slots).sum::<u16>(), SLOTS);
    assert!(owners().all(|node| node.used_memory_bytes > 0 && !node.version.is_empty()));
    assert_eq!(owners().map(|node| node.keys).sum::<u64>(), stats.totals.keys);
    // Other tests use the same servers.
    assert!(stats.totals.keys >= 300, "{:?}", stats.totals);
    assert!(stats.totals.hits >= before.totals.hits + 300, "{:?} then {:?}", before.totals, stats.totals);
    assert!(stats.totals.misses >= before.totals.misses + 30);
    let ratio = stats.totals.hit_ratio().unwrap();
    assert!(ratio > 0.0 && ratio < 1.0);
    if backend.is_embedded() {
        assert_eq!((stats.totals.keys, stats.totals.hits, stats.totals.misses), (300, 300, 30));
        assert_eq!((stats.nodes.len(), stats.nodes[0].role), (1, NodeRole::Embedded));
    } else {
        assert!(stats.totals.clients > 0);
    }
}
on_every_backend!(figures_are_plausible: embedded_stats, single_stats, cluster_stats);
