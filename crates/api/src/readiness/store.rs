//! The check of the record store.

use domain::StoreHealth;

use super::finding::Finding;
use crate::readiness::CheckStatus;

/// Asks the store.
pub(super) async fn check(store: &dyn StoreHealth) -> Finding {
    match store.ping().await {
        Ok(()) => Finding { status: CheckStatus::Up, reason: None },
        // Probes are open to everybody: what a driver says stays in the log.
        Err(error) => {
            tracing::debug!(error = %error.source, "the record store does not answer");
            Finding { status: CheckStatus::Down, reason: Some("no answer".to_owned()) }
        }
    }
}
