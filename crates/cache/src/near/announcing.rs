//! Telling everybody of a change: this process, and by the shared cache every other.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

use super::news::Announcement;
use crate::client::CacheClient;
use crate::error::CacheError;
use crate::handle::CacheHandle;
use crate::version_stamp::{self, Stamped};

/// Longer than any load may take that began before the change.
const TOMBSTONE_TTL: Duration = Duration::from_secs(60);
const REPEAT_AFTER: Duration = Duration::from_millis(250);

/// Who follows the changes of the source, as the cache sees it. Until it says so, what stands in the shared cache is
/// [doubted](super::FoundRecord::Doubted); and so it is after a link was lost that would have told of changes, for the server
/// that comes after it may have lost some.
pub struct Following {
    handle: CacheHandle,
    doubts: watch::Receiver<u64>,
}

impl Following {
    /// A number that changes whenever the shared cache has to be doubted.
    pub fn generation(&self) -> u64 {
        *self.doubts.borrow()
    }

    /// Returns when it changes from this one.
    pub async fn doubted_since(&mut self, generation: u64) {
        // The sender lives as long as the handle.
        let _ = self.doubts.wait_for(|now| *now != generation).await;
    }

    /// Every change that could have been lost was gone through with [`CacheHandle::outdate`], in this generation.
    pub fn caught_up(&self, generation: u64) {
        self.handle.news().caught_up(generation);
    }

    /// Whether the source answers. While it does not, nobody is made to wait for its word on what is doubted.
    pub fn source_answers(&self, answers: bool) {
        self.handle.news().set_source_away(!answers);
    }
}

impl CacheHandle {
    /// The record under `key` changed to this version: what is held of it here is forgotten, and the shared cache is told by a
    /// tombstone. Returns when it was told, or could not be; then it is told later, and is not asked for the key until it is.
    pub async fn announce(&self, key: Bytes, version: u64) {
        let announcement = self.news().add(&key, version);
        self.forget_here(&key);
        self.tell(&key, announcement).await;
    }

    /// Somebody else changed the record under `key`: the same, unless what stands in the shared cache shows that it knows.
    /// `None` is for a key whose versions have no order.
    pub async fn outdate(&self, key: Bytes, version: Option<u64>) {
        self.news().hear(&key);
        self.forget_here(&key);
        match self.knows(&key, version).await {
            Ok(true) => self.forget_here(&key),
            Ok(false) => self.announce(key, version.unwrap_or_default()).await,
            // It may have the old record when it is back.
            Err(_away) => drop(self.news().add(&key, version.unwrap_or_default())),
        }
    }

    /// Whether nothing older than this version stands in the shared cache, nor can come to stand there.
    async fn knows(&self, key: &Bytes, version: Option<u64>) -> Result<bool, CacheError> {
        let stored = match self.current()?.get(key).await {
            Ok(stored) => stored,
            Err(CacheError::Miss) => return Ok(true),
            Err(error) => return Err(error),
        };
        let Some(version) = version else { return Ok(false) };
        Ok(match version_stamp::open(&stored) {
            // A lease keeps the version of the tombstone that it replaced: its loader reads what is not older.
            Some((known, Stamped::Record(_) | Stamped::Tombstone | Stamped::Lease { .. })) => {
                known >= version
            }
            None => false,
        })
    }

    async fn tell(&self, key: &Bytes, announcement: Announcement) {
        let told = match self.current() {
            Ok(cache) => cache.invalidate(key, announcement.version, TOMBSTONE_TTL).await,
            Err(error) => Err(error),
        };
        match told {
            Ok(()) => self.news().sent(key, announcement),
            Err(error) => tracing::debug!(%error, "a change is not announced yet"),
        }
        // What was read there before it was told.
        self.forget_here(key);
    }

    /// Tells again, for ever, what could not be told.
    pub async fn repeat_announcements(&self) {
        loop {
            tokio::time::sleep(REPEAT_AFTER).await;
            for (key, announcement) in self.news().unsent() {
                self.tell(&key, announcement).await;
                if self.current().is_err() {
                    break;
                }
            }
        }
    }

    /// Whether whoever follows the source got no answer from it when it was last asked: to ask it now is to wait for nothing.
    pub fn is_source_away(&self) -> bool {
        self.news().is_source_away()
    }

    /// Somebody got an answer from the source: it is not away any more, whatever its follower met.
    pub fn source_answered(&self) {
        self.news().set_source_away(false);
    }

    /// The newest version of a record that the shared cache was told of, whatever stands there of it; `None` when it tells of
    /// none, or gives no answer.
    pub async fn told_version(&self, key: &[u8]) -> Option<u64> {
        let stored = self.current().ok()?.get(key).await.ok()?;
        version_stamp::open(&stored).map(|(version, _)| version)
    }

    /// How many changes the shared cache was not told of yet.
    pub fn unannounced(&self) -> usize {
        self.news().waiting()
    }

    /// From now on somebody follows the changes of the source, and what the shared cache has is doubted until he has caught up.
    pub fn follow(&self) -> Following {
        self.news().begin_to_follow();
        Following { handle: self.clone(), doubts: self.hub().doubts() }
    }
}
