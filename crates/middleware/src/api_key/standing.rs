//! Whether a key is still good, for answers that go on for long.

use std::fmt;
use std::sync::Arc;

use domain::ApiKeyHash;

use super::look_up::Wanted;
use super::refusal::Refusal;
use super::verdicts::{AtOnce, Verdicts};

/// The key that a request came with, to be looked at again while its answer goes on. The layer leaves it in the extensions of
/// the request.
#[derive(Clone)]
pub(crate) struct KeyStanding {
    verdicts: Arc<Verdicts>,
    hash: ApiKeyHash,
}

impl KeyStanding {
    pub(super) fn new(verdicts: Arc<Verdicts>, hash: ApiKeyHash) -> Self {
        Self { verdicts, hash }
    }

    /// Whether a request with the key would get through now, and so it does when nobody can tell. Mostly answered from memory.
    pub(crate) async fn holds(&self) -> bool {
        let refusal = match self.verdicts.at_once(&self.hash) {
            AtOnce::Decided(decided) => decided.err(),
            AtOnce::Unknown(lane) => {
                self.verdicts.look_up_or_recall(Wanted::new(self.hash, lane, None), true).await.err()
            }
        };
        !matches!(refusal, Some(Refusal::Unknown | Refusal::Expired { .. }))
    }
}

impl fmt::Debug for KeyStanding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("KeyStanding").finish_non_exhaustive()
    }
}
