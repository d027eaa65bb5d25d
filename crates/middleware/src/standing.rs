//! Whether those who were let in would be let in again, for answers that go on for long.

use http::Extensions;

use crate::api_key::KeyStanding;
use crate::bearer_token::TokenStanding;

/// What a request was let in by, to be looked at again while its answer goes on.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    key: Option<KeyStanding>,
    token: Option<TokenStanding>,
}

impl Standing {
    /// What the layers in front left in the extensions of a request; where there are none, all holds.
    pub fn of(extensions: &Extensions) -> Self {
        Self { key: extensions.get().cloned(), token: extensions.get().cloned() }
    }

    /// Whether a request with the same key or token would get through now, and so it does when nobody can tell. Mostly answered
    /// from memory.
    pub async fn holds(&self) -> bool {
        if self.token.as_ref().is_some_and(|token| !token.holds()) {
            return false;
        }
        match &self.key {
            Some(key) => key.holds().await,
            None => true,
        }
    }
}
