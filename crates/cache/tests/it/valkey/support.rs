//! Shared by the tests of this folder.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use cache::{Cache, CacheConfig, Cursor, Glob, Keyspace, NodeAddress, PageRequest};
use testkit::ClusterView;

/// An address of the testkit as the client writes it.
pub(crate) fn address(of: SocketAddr) -> NodeAddress {
    NodeAddress::new(of.ip().to_string(), of.port())
}

/// A client of one node.
pub(crate) async fn single(of: SocketAddr) -> Cache {
    cache::connect(CacheConfig::single(address(of))).await.expect("a single node")
}

/// A client of a cluster that was given one address only.
pub(crate) async fn cluster(of: &ClusterView) -> Cache {
    let seed = address(of.addresses()[0]);
    cache::connect(CacheConfig::cluster(vec![seed])).await.expect("a cluster")
}

pub(crate) fn keyspace(cache: &Cache) -> Keyspace {
    cache.keyspace()
}

pub(crate) fn glob(pattern: &str) -> Glob {
    pattern.parse().expect("a pattern")
}

pub(crate) fn counters(cache: &Cache) -> cache::Counters {
    match cache {
        Cache::Valkey(valkey) => valkey.counters(),
        _ => panic!("a Valkey client"),
    }
}

/// Pages through everything; waits out errors for up to 40 s. Calls `between` after each page with its number.
pub(crate) async fn page_through<F: AsyncFnMut(usize)>(
    cache: &Cache,
    pattern: &str,
    limit: usize,
    mut between: F,
) -> Pages {
    let keyspace = keyspace(cache);
    let mut pages = Pages::default();
    let mut request = PageRequest { pattern: glob(pattern), cursor: Cursor::START, limit };
    let mut failing_since: Option<std::time::Instant> = None;
    loop {
        match keyspace.page(&request).await {
            Ok(page) => {
                failing_since = None;
                pages.count += 1;
                pages.restarts += usize::from(page.restarted);
                pages.total += page.keys.len();
                pages.keys.extend(page.keys);
                // The cursor goes over the wire as text.
                request.cursor = page.cursor.to_string().parse().expect("a cursor of ours");
                if page.cursor.is_edge() {
                    return pages;
                }
                between(pages.count).await;
            }
            Err(error) => {
                let since = *failing_since.get_or_insert_with(std::time::Instant::now);
                assert!(since.elapsed() < Duration::from_secs(40), "no page for 40 s: {error}");
            }
        }
    }
}

/// What paging found.
#[derive(Default)]
pub(crate) struct Pages {
    pub(crate) keys: HashSet<Bytes>,
    pub(crate) total: usize,
    pub(crate) count: usize,
    pub(crate) restarts: usize,
}

impl Pages {
    /// Asserts that exactly these keys were found, and returns how many came more than once.
    pub(crate) fn assert_all(&self, expected: &[String]) -> usize {
        let missed: Vec<&String> =
            expected.iter().filter(|key| !self.keys.contains(key.as_bytes())).collect();
        assert!(
            missed.is_empty(),
            "{} of {} keys missed, such as {:?}",
            missed.len(),
            expected.len(),
            missed.first()
        );
        assert_eq!(self.keys.len(), expected.len(), "keys that were never written");
        self.total - expected.len()
    }
}

/// Names `prefix` + number.
pub(crate) fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{prefix}{number}")).collect()
}

/// Names with a small value each, for the testkit to write.
pub(crate) fn pairs(names: &[String]) -> Vec<(String, String)> {
    names.iter().map(|name| (name.clone(), "value".to_owned())).collect()
}

/// A key of this prefix in this slot.
pub(crate) fn key_in_slot(prefix: &str, slot: u16) -> String {
    let tag = (0..).map(|number: u32| number.to_string()).find(|tag| cache::key_slot(tag.as_bytes()) == slot);
    format!("{prefix}{{{}}}", tag.expect("a tag for each slot"))
}
