//! The layer.

use std::fmt;
use std::sync::Arc;

use domain::{Clock, RefusalWatch, Unwatched};
use tower::Layer;

use super::verifier::Verifier;
use super::{BearerTokenGuard, TokenCounters, TokenPolicy};

/// Lets a request through that shows no token, and one whose token is good; the service behind finds the [`domain::Caller`] of a
/// good one in the extensions of the request, and the header gone, so that nothing behind can log it. A token that is not
/// good gets 401, whatever else the request shows.
///
/// A token stands in the `Authorization` header, behind `Bearer` or bare. It is good when an issuer of the [`TokenPolicy`] signed
/// it with RS256, ES256 or EdDSA (never with what the token itself brings, and never with a shared secret), when its time has
/// come and is not over, by a clock that may differ by 30 s, and when it is for the audience and of the organization of the
/// policy. What it permits is its `permissions` and its `scope`, as far as they are permissions of this service.
///
/// What was verified is remembered until the token expires, in at most 8 MiB, and verified again when the issuer changes or
/// withdraws the key. The keys are read by [`BearerTokenLayer::keep_fresh`] every five minutes, and at once, but not more
/// often than every ten seconds, when a token names one that is not known. While an issuer gives no answer, what was
/// known of its keys holds; only a token with a key that is not known gets 503.
///
/// An address from which more than ten tokens in a second came that no issuer signed gets 429 for what is not remembered, until it
/// has paid for them.
///
/// Put [`ApiKeyLayer`](crate::ApiKeyLayer) behind it, with
/// [`beside_tokens`](crate::ApiKeyLayer::beside_tokens), to demand a token or a key.
#[derive(Clone)]
pub struct BearerTokenLayer {
    pub(super) verifier: Arc<Verifier>,
    pub(super) watch: Arc<dyn RefusalWatch>,
}

impl BearerTokenLayer {
    /// Believes what the policy says, and asks `clock` whether tokens have expired.
    pub fn new(policy: TokenPolicy, clock: Arc<dyn Clock>) -> Self {
        Self { verifier: Arc::new(Verifier::new(policy, clock)), watch: Arc::new(Unwatched) }
    }

    /// Tells `watch` of everybody who is refused for the token it presents.
    #[must_use]
    pub fn watched_by(self, watch: Arc<dyn RefusalWatch>) -> Self {
        Self { watch, ..self }
    }

    /// Reads the keys of all issuers, and again every five minutes, as long as it is polled.
    pub async fn keep_fresh(&self) {
        self.verifier.keep_fresh().await;
    }

    /// What became of tokens, since the start.
    pub fn counters(&self) -> TokenCounters {
        self.verifier.counters()
    }
}

impl<S> Layer<S> for BearerTokenLayer {
    type Service = BearerTokenGuard<S>;

    fn layer(&self, inner: S) -> BearerTokenGuard<S> {
        BearerTokenGuard { inner, rules: self.clone() }
    }
}

impl fmt::Debug for BearerTokenLayer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("BearerTokenLayer").finish_non_exhaustive()
    }
}
