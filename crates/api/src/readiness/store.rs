//! The check of the record store.

use std::error::Error;

use domain::{StoreCondition, StoreHealth};

use super::finding::Finding;
use crate::readiness::CheckStatus;

/// Asks the store.
pub(super) async fn check(store: &dyn StoreHealth) -> Finding {
    match store.ping().await {
        Ok(StoreCondition::Well) => Finding { status: CheckStatus::Up, reason: None },
        Ok(StoreCondition::RefusesWrites) => {
            Finding { status: CheckStatus::Degraded, reason: Some("it takes no writes".to_owned()) }
        }
        // Probes are open to everybody: what a driver says stays in the log.
        Err(error) => {
            tracing::debug!(error = &error as &dyn Error, "the record store does not answer");
            Finding { status: CheckStatus::Down, reason: Some("no answer".to_owned()) }
        }
    }
}
