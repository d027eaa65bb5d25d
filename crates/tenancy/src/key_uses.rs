//! When keys were used, gathered here and brought to the store now and then.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use domain::{ApiKeyUse, CallerId, StoreUnavailable, Timestamp, UsedKeys};
use tokio::time::sleep;

use crate::parts::Parts;

/// How often what was gathered is brought to the store, and by how much that varies: replicas that started together would
/// else come together for ever.
const NOTE_EVERY: Duration = Duration::from_secs(54);
const SPREAD_MILLIS: u64 = 12_000;
/// Keys of which a use waits to be noted. Of more, the use of some is noted when they are used again.
const MAX_WAITING: usize = 20_000;
/// Uses that are brought to the store at once.
const AT_ONCE: usize = 500;

/// Gathers when keys were used. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct KeyUses(Arc<Shared>);

struct Shared {
    parts: Parts,
    waiting: Mutex<HashMap<CallerId, Timestamp>>,
}

impl KeyUses {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(Shared { parts, waiting: Mutex::default() }))
    }

    /// Brings to the store what waits. What it did not take waits on.
    pub async fn note(&self) -> Result<(), StoreUnavailable> {
        // What is used again meanwhile waits for the next time: this ends.
        let rounds = 1 + self.waiting().len() / AT_ONCE;
        for _ in 0..rounds {
            let some: Vec<(CallerId, Timestamp)> =
                self.waiting().iter().take(AT_ONCE).map(|(id, at)| (id.clone(), *at)).collect();
            if some.is_empty() {
                break;
            }
            let uses = some.iter().map(|(id, at)| ApiKeyUse { id: id.to_string(), at: *at });
            self.0.parts.api_key_uses.note_api_key_uses(&uses.collect::<Vec<_>>()).await?;
            let mut waiting = self.waiting();
            for (id, at) in some {
                if waiting.get(&id) == Some(&at) {
                    waiting.remove(&id);
                }
            }
        }
        Ok(())
    }

    /// Does so every minute, for ever.
    pub(crate) async fn keep(&self) {
        let mut is_away = false;
        loop {
            let more = self.0.parts.uuid().as_u128() % u128::from(SPREAD_MILLIS);
            sleep(NOTE_EVERY + Duration::from_millis(more as u64)).await;
            match self.note().await {
                Ok(()) => is_away = false,
                Err(_still) if is_away => {}
                Err(error) => {
                    is_away = true;
                    tracing::warn!(
                        error = &error as &dyn Error,
                        "uses of API keys cannot be noted: they wait"
                    );
                }
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<CallerId, Timestamp>> {
        // Every change is complete before anything that can panic.
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UsedKeys for KeyUses {
    fn was_used(&self, id: &CallerId, at: SystemTime) {
        // It is configured, and listed nowhere.
        if id.is_bootstrap() {
            return;
        }
        let at = Timestamp::from(at);
        let mut waiting = self.waiting();
        if let Some(last) = waiting.get_mut(id) {
            *last = at.max(*last);
        } else if waiting.len() < MAX_WAITING {
            waiting.insert(id.clone(), at);
        }
    }
}
