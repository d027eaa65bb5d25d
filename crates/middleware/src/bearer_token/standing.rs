//! Whether a token is still good, for answers that go on for long.

use std::fmt;
use std::sync::Arc;

use super::verified::Verified;
use super::verifier::Verifier;

/// The token that a request came with, to be looked at again while its answer goes on. The layer leaves it in the extensions of
/// the request.
#[derive(Clone)]
pub(crate) struct TokenStanding {
    verifier: Arc<Verifier>,
    verified: Arc<Verified>,
}

impl TokenStanding {
    pub(super) fn new(verifier: Arc<Verifier>, verified: Arc<Verified>) -> Self {
        Self { verifier, verified }
    }

    /// Whether it has neither expired nor lost its key.
    pub(crate) fn holds(&self) -> bool {
        self.verifier.is_good(&self.verified)
    }
}

impl fmt::Debug for TokenStanding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TokenStanding").finish_non_exhaustive()
    }
}
