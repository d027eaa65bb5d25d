//! Follows what other processes change.

use std::collections::HashMap;
use std::time::Duration;

use domain::{ChangeMark, Changed, StoreUnavailable};

use crate::cache_keys;
use crate::invalidation::{Invalidation, of_tenant};
use crate::parts::Parts;

const LOOK: Duration = Duration::from_millis(500);
const MAX_TOLD: usize = 100_000;

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
        let mut place = Place::default();
        let mut is_away = false;
        loop {
            match self.look(&mut place).await {
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

    async fn look(&self, place: &mut Place) -> Result<(), StoreUnavailable> {
        let Some(mut mark) = place.mark else {
            place.mark = Some(self.parts.changes.now().await?);
            return Ok(());
        };
        loop {
            let changes = self.parts.changes.changes_after(&mark).await?;
            for changed in &changes.changed {
                if place.is_new(changed) {
                    self.invalidation.follow(announcements(changed)).await;
                }
            }
            mark = changes.mark;
            place.mark = Some(mark);
            if !changes.has_more {
                return Ok(());
            }
        }
    }
}

/// Where a follower stands.
#[derive(Default)]
struct Place {
    mark: Option<ChangeMark>,
    /// The newest version of each record that it passed on: a store may tell a change again and again for a while.
    told: HashMap<String, u64>,
}

impl Place {
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
