//! The password that new links log in with.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::config::{CacheConfig, Secret, password_file};

/// How long a file system may take to bring the file; after that the newest known password is used.
const READ_LIMIT: Duration = Duration::from_secs(1);

/// A password that stays, or one in a file, which is read again for every link that is opened: the link that replaces
/// one which the server cut logs in with what the file holds by then.
pub(super) struct Password {
    newest: ArcSwapOption<Secret>,
    file: Option<PathBuf>,
    /// One reader at a time: a file system that hangs must not collect threads.
    reading: Arc<Mutex<()>>,
    is_readable: AtomicBool,
}

impl Password {
    pub(super) fn new(config: &CacheConfig) -> Self {
        Self {
            newest: ArcSwapOption::new(config.password.clone().map(Arc::new)),
            file: config.password_file.clone(),
            reading: Arc::default(),
            is_readable: AtomicBool::new(true),
        }
    }

    /// The password of this moment.
    pub(super) async fn current(&self) -> Option<Secret> {
        if let Some(file) = &self.file {
            self.refresh(file.clone()).await;
        }
        self.newest.load().as_deref().cloned()
    }

    /// Takes what the file holds. What cannot be read changes nothing: it may be half-way through being replaced.
    async fn refresh(&self, file: PathBuf) {
        let read = async {
            let alone = Arc::clone(&self.reading).lock_owned().await;
            let read = spawn_blocking(move || {
                let secret = password_file::read(&file);
                drop(alone);
                secret
            });
            read.await.ok()
        };
        match timeout(READ_LIMIT, read).await.ok().flatten() {
            Some(Ok(secret)) => {
                self.is_readable.store(true, Ordering::Relaxed);
                let before = self.newest.swap(Some(Arc::new(secret.clone())));
                if before.is_some_and(|before| before.expose() != secret.expose()) {
                    tracing::info!("CACHE_PASSWORD_FILE holds another password; new links use it");
                }
            }
            unread => {
                if self.is_readable.swap(false, Ordering::Relaxed) {
                    let reason = unread.and_then(Result::err).map(|problem| problem.to_string());
                    let reason = reason.unwrap_or_else(|| "the file system does not answer".to_owned());
                    tracing::warn!(reason, "CACHE_PASSWORD_FILE brings no password; the last known is used");
                }
            }
        }
    }
}
