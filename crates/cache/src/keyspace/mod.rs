//! What an operator does with the keys: page through them, stream them, look at one, count, delete by pattern.

mod cursor;
mod deletion;
mod details;
mod page;
mod scan_method;
mod stats;

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures::Stream;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use cursor::{Cursor, CursorError};
pub(crate) use cursor::{Phase, RunId, State};
pub use deletion::{DeleteReport, DeleteRequest, KeyFilter, NodeDeletion, Unreachable};
pub use details::{KeyDetails, KeySummary, KeyTtl, Preview, ValueKind};
pub use page::{MAX_PAGE, Page, PageRequest};
pub use scan_method::ScanMethod;
pub use stats::{NodeRole, NodeStats, Stats, StatsTotals};

use crate::embedded::EmbeddedCache;
use crate::error::CacheError;
use crate::glob::Glob;
use crate::valkey::ValkeyCache;

/// Batches of keys, from every master at once. A key that lived through the whole stream is in it; a key may come
/// twice. An error ends the stream of the node it names and no other.
pub type KeyStream = Pin<Box<dyn Stream<Item = Result<Vec<Bytes>, CacheError>> + Send>>;

/// The key space of a cache. Cheap to clone; memory stays bounded however many keys there are.
#[derive(Clone)]
pub struct Keyspace {
    backend: Backend,
}

#[derive(Clone)]
enum Backend {
    Valkey(Arc<ValkeyCache>),
    Embedded(Arc<EmbeddedCache>),
}

impl Keyspace {
    pub(crate) fn of_valkey(cache: Arc<ValkeyCache>) -> Self {
        Self { backend: Backend::Valkey(cache) }
    }

    pub(crate) fn of_embedded(cache: Arc<EmbeddedCache>) -> Self {
        Self { backend: Backend::Embedded(cache) }
    }

    /// One page of the keys that match. The cursor holds no state in this process: any replica of the service can
    /// serve the next page, after a restart, a fail-over or a slot migration. Ends within two seconds.
    pub async fn page(&self, request: &PageRequest) -> Result<Page, CacheError> {
        match &self.backend {
            Backend::Valkey(cache) => cache.page(request).await,
            Backend::Embedded(cache) => cache.page(request),
        }
    }

    /// All keys that match, from every master at once.
    pub fn stream(&self, pattern: &Glob) -> KeyStream {
        match &self.backend {
            Backend::Valkey(cache) => cache.stream(pattern),
            Backend::Embedded(cache) => cache.stream(pattern),
        }
    }

    /// Type, time to live, size, encoding and, for a positive `preview` (bytes, at most 4,096), the beginning of
    /// the value; `None` when there is no such key.
    pub async fn inspect(&self, key: &[u8], preview: usize) -> Result<Option<KeyDetails>, CacheError> {
        match &self.backend {
            Backend::Valkey(cache) => cache.inspect(key, preview).await,
            Backend::Embedded(cache) => cache.inspect(key, preview),
        }
    }

    /// Type, time to live and size of several keys, in their order; `None` for a key that is gone.
    pub async fn summaries(&self, keys: &[Bytes]) -> Result<Vec<Option<KeySummary>>, CacheError> {
        match &self.backend {
            Backend::Valkey(cache) => cache.summaries(keys).await,
            Backend::Embedded(cache) => cache.summaries(keys),
        }
    }

    /// How the keys are read.
    pub fn scan_method(&self) -> ScanMethod {
        match &self.backend {
            Backend::Valkey(cache) => cache.scan_method(),
            Backend::Embedded(_) => ScanMethod::WholeNode,
        }
    }

    /// Figures of every node and their totals. Nodes that do not answer are named, not waited for, also when none does.
    pub async fn stats(&self) -> Result<Stats, CacheError> {
        match &self.backend {
            Backend::Valkey(cache) => cache.stats().await,
            Backend::Embedded(cache) => cache.stats(),
        }
    }

    /// Deletes (or, in a dry run, counts) what matches, on every master at once. `progress` always holds the newest
    /// state; `cancel` stops it after the batch in hand. What could not be reached is in the report, which is
    /// returned also when nothing could be.
    pub async fn delete(
        &self,
        request: &DeleteRequest,
        progress: &watch::Sender<DeleteReport>,
        cancel: &CancellationToken,
    ) -> Result<DeleteReport, CacheError> {
        match &self.backend {
            Backend::Valkey(cache) => cache.delete_matching(request, progress, cancel).await,
            Backend::Embedded(cache) => cache.delete_matching(request, progress, cancel).await,
        }
    }
}
