//! Follows what other processes change.

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use cache::{CacheHandle, Following};
use domain::{ChangeMark, Changed, StoreUnavailable};
use tokio::time::timeout;

use crate::invalidation::Invalidation;
use crate::parts::Parts;

const LOOK: Duration = Duration::from_millis(500);
/// How far back changes are gone through where the shared cache may have lost some.
const DOUBT: Duration = Duration::from_secs(600);
const MAX_TOLD: usize = 100_000;

/// Looks every 500 ms at what changed in the store and forgets it here, and in the shared cache where it is old there: so a
/// change gets through also when the process that made it could tell nobody. At the start, and whenever a server of the shared
/// cache may have lost something, the last ten minutes are gone through before what stands there is relied on.
pub(crate) struct Follower {
    parts: Parts,
    invalidation: Invalidation,
    following: Following,
    mark: Option<ChangeMark>,
    /// The newest version of each record that was passed on: a store may tell a change again and again for a while.
    told: HashMap<String, u64>,
}

impl Follower {
    /// Of this store. From now on what stands in `cache` is doubted until this follower has caught up.
    pub(crate) fn new(parts: Parts, invalidation: Invalidation, cache: &CacheHandle) -> Self {
        Self { parts, invalidation, following: cache.follow(), mark: None, told: HashMap::new() }
    }

    /// Follows for ever. While the store is away it is asked again and again, and what changed meanwhile is told then.
    pub(crate) async fn follow(mut self) {
        let (mut followed, mut is_away) = (None, false);
        loop {
            let generation = self.following.generation();
            if followed != Some(generation) {
                self.mark = None;
                self.told.clear();
            }
            match self.look().await {
                Ok(()) => {
                    self.following.caught_up(generation);
                    (followed, is_away) = (Some(generation), false);
                }
                Err(error) if !is_away => {
                    is_away = true;
                    tracing::warn!(
                        error = &error as &dyn Error,
                        "the changes of the store cannot be followed"
                    );
                }
                Err(_still_away) => {}
            }
            // A doubt that is followed by success is looked into at once.
            let doubted = async {
                if is_away {
                    std::future::pending::<()>().await;
                } else {
                    self.following.doubted_since(generation).await;
                }
            };
            let _ = timeout(LOOK, doubted).await;
        }
    }

    async fn look(&mut self) -> Result<(), StoreUnavailable> {
        let mut mark = match self.mark {
            Some(mark) => mark,
            None => self.parts.changes.mark_before(DOUBT).await?,
        };
        loop {
            let changes = self.parts.changes.changes_after(&mark).await?;
            for changed in &changes.changed {
                if self.is_new(changed) {
                    self.invalidation.followed(changed).await;
                }
            }
            mark = changes.mark;
            self.mark = Some(mark);
            if !changes.has_more {
                return Ok(());
            }
        }
    }

    fn is_new(&mut self, changed: &Changed) -> bool {
        let (record, version) = match changed {
            Changed::Tenant { id, version, .. } => (format!("tenant {id}"), *version),
            Changed::ApiKey { hashes, version } => {
                (hashes.first().map(|hash| format!("key {hash}")).unwrap_or_default(), *version)
            }
            Changed::Catalogue => return false,
        };
        if self.told.len() >= MAX_TOLD {
            // Telling once more does no harm.
            self.told.clear();
        }
        self.told.insert(record, version).is_none_or(|told| told < version)
    }
}
