//! A cache under test, with a part of the key space that no other test uses.

use std::net::SocketAddr;

use bytes::Bytes;
use cache::{
    Cache, CacheClient, CacheConfig, Cursor, Expiry, Glob, KeyDetails, Keyspace, NodeAddress, PageRequest,
    key_slot,
};
use futures::StreamExt;
use testkit::{ClusterView, Resp};

/// A backend of the contract suite.
pub(crate) struct Backend {
    pub(crate) cache: Cache,
    /// Begins every key of the test; letters, digits and dashes only.
    pub(crate) prefix: String,
    servers: Servers,
}

enum Servers {
    None,
    Single(SocketAddr),
    Cluster(ClusterView),
}

impl Backend {
    pub(crate) fn embedded() -> Self {
        Self::new(Cache::embedded(), Servers::None)
    }

    pub(crate) async fn single() -> Self {
        let address = testkit::shared_single().await;
        let cache = cache::connect(CacheConfig::single(node_address(address))).await.unwrap();
        Self::new(cache, Servers::Single(address))
    }

    /// Connected through one address, which must be enough.
    pub(crate) async fn cluster() -> Self {
        let view = testkit::shared_cluster().await;
        let address = node_address(view.addresses()[0]);
        let cache = cache::connect(CacheConfig::cluster(vec![address])).await.unwrap();
        Self::new(cache, Servers::Cluster(view))
    }

    fn new(cache: Cache, servers: Servers) -> Self {
        Self { cache, prefix: testkit::unique_prefix(), servers }
    }

    pub(crate) fn is_embedded(&self) -> bool {
        matches!(self.servers, Servers::None)
    }

    /// A key of this test. Keys of different names are in different slots.
    pub(crate) fn key(&self, name: &str) -> Bytes {
        format!("{}{name}", self.prefix).into()
    }

    /// `count` keys of this test, spread over the slots.
    pub(crate) fn keys(&self, name: &str, count: usize) -> Vec<Bytes> {
        (0..count).map(|number| self.key(&format!("{name}:{number}"))).collect()
    }

    /// The pattern of all keys of this test whose name begins so.
    pub(crate) fn pattern(&self, name: &str) -> Glob {
        format!("{}{name}*", Glob::escape(&self.prefix)).parse().unwrap()
    }

    pub(crate) fn keyspace(&self) -> Keyspace {
        self.cache.keyspace()
    }

    pub(crate) async fn details(&self, key: &[u8]) -> Option<KeyDetails> {
        self.keyspace().inspect(key, 64).await.unwrap()
    }

    /// Stores the same value under all keys, many at a time.
    pub(crate) async fn fill(&self, keys: &[Bytes], value: &'static str) {
        futures::stream::iter(keys)
            .for_each_concurrent(64, async |key| {
                self.cache.set(key, value.into(), Expiry::Never).await.unwrap();
            })
            .await;
    }

    /// All keys that match, page by page.
    pub(crate) async fn page_through(&self, pattern: &Glob, limit: usize) -> Vec<Vec<Bytes>> {
        let mut pages = Vec::new();
        let mut cursor = Cursor::START;
        loop {
            let request = PageRequest { pattern: pattern.clone(), cursor, limit };
            let page = self.keyspace().page(&request).await.unwrap();
            assert!(!page.restarted, "a page began again although every server lived");
            pages.push(page.keys);
            if page.cursor.is_edge() {
                return pages;
            }
            assert_ne!(page.cursor, cursor, "the scan stands still");
            cursor = page.cursor;
        }
    }

    /// A link of the test's own to the server that owns the key; `None` for the embedded cache.
    pub(crate) async fn server_of(&self, key: &[u8]) -> Option<Resp> {
        match &self.servers {
            Servers::None => None,
            Servers::Single(address) => Some(Resp::connect(*address).await.unwrap()),
            Servers::Cluster(view) => {
                let owner = view.node_for_slot(key_slot(key)).await;
                Some(view.connect(owner.address).await)
            }
        }
    }

    pub(crate) async fn close(self) {
        self.cache.close().await;
    }
}

fn node_address(address: SocketAddr) -> NodeAddress {
    address.to_string().parse().unwrap()
}
