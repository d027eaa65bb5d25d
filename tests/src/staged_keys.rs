//! Keys of services whose commits can be slowed, and can be the end of the process.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::{
    ApiKeyHash, ApiKeyRecord, ApiKeySource, ApiKeyStore, Change, CommitError, ServiceKey, ServiceName,
    SourceUnavailable, StoreUnavailable,
};

/// What becomes of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Commit {
    /// It is made.
    #[default]
    AtOnce,
    /// It is made after this long.
    After(Duration),
    /// The process ends before it, as after `kill -9`.
    EndBefore,
    /// The process ends after it.
    EndAfter,
}

/// What becomes of commits, and how many were begun. Clones are one.
#[derive(Clone, Default)]
pub struct Commits(Arc<Shared>);

#[derive(Default)]
struct Shared {
    next: Mutex<Commit>,
    begun: AtomicU64,
}

impl Commits {
    /// From now on.
    pub fn set(&self, commit: Commit) {
        *self.0.next.lock().unwrap_or_else(PoisonError::into_inner) = commit;
    }

    /// How many were begun in this process.
    pub fn begun(&self) -> u64 {
        self.0.begun.load(Ordering::SeqCst)
    }

    fn begin(&self) -> Commit {
        self.0.begun.fetch_add(1, Ordering::SeqCst);
        *self.0.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The keys of another store, with commits as [`Commits`] has them.
pub(crate) struct StagedKeys {
    pub(crate) keys: Arc<dyn ApiKeyStore>,
    pub(crate) commits: Commits,
}

#[async_trait]
impl ApiKeySource for StagedKeys {
    async fn find(&self, hash: &ApiKeyHash) -> Result<Option<ApiKeyRecord>, SourceUnavailable> {
        self.keys.find(hash).await
    }
}

#[async_trait]
impl ApiKeyStore for StagedKeys {
    async fn service_key(&self, id: &str) -> Result<Option<ServiceKey>, StoreUnavailable> {
        self.keys.service_key(id).await
    }

    async fn service_keys(
        &self,
        service: &ServiceName,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ServiceKey>, StoreUnavailable> {
        self.keys.service_keys(service, after, limit).await
    }

    async fn commit_service_key(&self, change: Change<ServiceKey>) -> Result<(), CommitError> {
        match self.commits.begin() {
            Commit::AtOnce => self.keys.commit_service_key(change).await,
            Commit::After(delay) => {
                tokio::time::sleep(delay).await;
                self.keys.commit_service_key(change).await
            }
            Commit::EndBefore => std::process::abort(),
            Commit::EndAfter => {
                // As it may be when a process is killed: nobody hears of it.
                let _ = self.keys.commit_service_key(change).await;
                std::process::abort()
            }
        }
    }
}
