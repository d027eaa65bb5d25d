//! The check of the secrets backend, where it is outside. It tells and decides nothing: connections that were served before are
//! served without it.

use std::sync::Arc;
use std::time::Duration;

use domain::StoreHealth;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::finding::Finding;
use crate::readiness::CheckStatus;

/// It is asked so seldom, because it asks money for each call.
const FRESH_FOR: Duration = Duration::from_secs(30);
/// And so soon again when it did not answer.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Asks the backend now and then.
pub(super) struct SecretsProbe {
    health: Arc<dyn StoreHealth>,
    newest: Mutex<Option<(Instant, bool)>>,
}

impl SecretsProbe {
    pub(super) fn new(health: Arc<dyn StoreHealth>) -> Self {
        Self { health, newest: Mutex::new(None) }
    }

    pub(super) async fn check(&self) -> Finding {
        if self.answers().await {
            return Finding { status: CheckStatus::Up, reason: None };
        }
        Finding { status: CheckStatus::Down, reason: Some("no answer".to_owned()) }
    }

    async fn answers(&self) -> bool {
        let mut newest = self.newest.lock().await;
        if let Some((at, answered)) = *newest
            && at.elapsed() < if answered { FRESH_FOR } else { AGAIN_AFTER }
        {
            return answered;
        }
        let answered = self.health.ping().await;
        if let Err(error) = &answered {
            tracing::debug!(error = %error.source, "the secrets backend does not answer");
        }
        *newest = Some((Instant::now(), answered.is_ok()));
        answered.is_ok()
    }
}
