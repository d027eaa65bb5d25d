//! Keys whose commits can be slowed, and can be the end of the process.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::{
    ApiKeyEntry, ApiKeyHash, ApiKeyRecord, ApiKeySource, ApiKeyStore, Change, CommitError, ServiceName,
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
    async fn api_key(&self, id: &str) -> Result<Option<ApiKeyEntry>, StoreUnavailable> {
        self.keys.api_key(id).await
    }

    async fn api_keys(
        &self,
        service: Option<&ServiceName>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ApiKeyEntry>, StoreUnavailable> {
        self.keys.api_keys(service, after, limit).await
    }

    async fn commit_api_key(&self, change: Change<ApiKeyEntry>) -> Result<(), CommitError> {
        match self.commits.begin() {
            Commit::AtOnce => self.keys.commit_api_key(change).await,
            Commit::After(delay) => {
                tokio::time::sleep(delay).await;
                self.keys.commit_api_key(change).await
            }
            Commit::EndBefore => std::process::abort(),
            Commit::EndAfter => {
                // As it may be when a process is killed: nobody hears of it.
                let _ = self.keys.commit_api_key(change).await;
                std::process::abort()
            }
        }
    }
}
