//! Follows what other processes change.

use std::time::Duration;

use domain::{ChangeMark, Changed, StoreUnavailable};

use crate::cache_keys;
use crate::invalidation::{Invalidation, of_tenant};
use crate::parts::Parts;

const LOOK: Duration = Duration::from_millis(500);

/// Looks every 500 ms at what changed in the store and forgets it here, and in the shared cache where it is old there: so a
/// change gets through also when the process that made it could tell nobody.
pub struct Follower {
    parts: Parts,
    invalidation: Invalidation,
}

impl Follower {
    /// Of this store.
    pub fn new(parts: Parts, invalidation: Invalidation) -> Self {
        Self { parts, invalidation }
    }

    /// Follows for ever. While the store is away it is asked again and again, and what changed meanwhile is told then.
    pub async fn follow(&self) {
        let mut mark = None;
        let mut is_away = false;
        loop {
            match self.look(&mut mark).await {
                Ok(()) => is_away = false,
                Err(error) if !is_away => {
                    is_away = true;
                    tracing::warn!(error = %error.source, "the changes of the store cannot be followed");
                }
                Err(_still_away) => {}
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn look(&self, mark: &mut Option<ChangeMark>) -> Result<(), StoreUnavailable> {
        let Some(known) = mark else {
            *mark = Some(self.parts.changes.now().await?);
            return Ok(());
        };
        loop {
            let changes = self.parts.changes.changes_after(known).await?;
            for changed in &changes.changed {
                self.invalidation.follow(announcements(changed)).await;
            }
            *known = changes.mark;
            if !changes.has_more {
                return Ok(());
            }
        }
    }
}

fn announcements(changed: &Changed) -> Vec<(String, u64)> {
    match changed {
        Changed::Tenant { id, environment, version, services } => {
            of_tenant(id, *environment, *version, services.iter())
        }
        Changed::ApiKey { hashes, version } => {
            hashes.iter().map(|hash| (cache_keys::api_key(hash), *version)).collect()
        }
        // Nothing of it is kept anywhere.
        Changed::Catalogue => Vec::new(),
    }
}
