//! Verifies tokens: from memory where one was verified before, by its signature where not.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::Clock;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, dangerous, decode, decode_header};

use super::claims::{Claims, Unverified};
use super::issuer_keys::{IssuerKeys, RENEWED_EVERY};
use super::policy::TokenPolicy;
use super::presented::{Presented, TokenHash};
use super::refusal::Refusal;
use super::signing_key::SigningKey;
use super::verified::{Verified, VerifiedTokens};
use crate::failed_attempts::FailedAttempts;
use crate::flood_gate::FloodGate;

/// Between tries while an issuer gives no answer.
const RETRIED_AFTER: Duration = Duration::from_secs(5);

/// Tokens that nobody signed, of one address in a second, as many of them at once. After more than that none of it that is not
/// remembered is looked at for a moment.
const FORGERIES_PER_SECOND: u32 = 10;

/// What became of tokens, since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TokenCounters {
    /// Answered from memory.
    pub remembered: u64,
    /// Verified by their signature.
    pub verified: u64,
    /// Refused.
    pub refused: u64,
}

/// What verifies the tokens of all requests.
pub(super) struct Verifier {
    policy: TokenPolicy,
    issuers: Vec<IssuerKeys>,
    clock: Arc<dyn Clock>,
    tokens: VerifiedTokens,
    forgeries: FailedAttempts,
    outage: FloodGate,
    remembered: AtomicU64,
    verified: AtomicU64,
    refused: AtomicU64,
}

impl Verifier {
    pub(super) fn new(policy: TokenPolicy, clock: Arc<dyn Clock>) -> Self {
        let issuers = policy.issuers.iter().cloned().map(IssuerKeys::new).collect();
        Self {
            policy,
            issuers,
            clock,
            tokens: VerifiedTokens::new(),
            forgeries: FailedAttempts::new(FORGERIES_PER_SECOND, FORGERIES_PER_SECOND),
            outage: FloodGate::default(),
            remembered: AtomicU64::default(),
            verified: AtomicU64::default(),
            refused: AtomicU64::default(),
        }
    }

    /// Who calls, if the token was verified before. Waits for nothing.
    pub(super) fn at_once(&self, hash: &TokenHash) -> Option<Result<Arc<Verified>, Refusal>> {
        let verified = self.tokens.get(hash)?;
        if self.is_good(&verified) {
            self.remembered.fetch_add(1, Ordering::Relaxed);
            return Some(Ok(verified));
        }
        self.tokens.forget(hash);
        // Of a token whose key was changed or withdrawn, the issuer's keys decide anew.
        (verified.until <= self.clock.now()).then_some(Err(Refusal::Expired))
    }

    /// Whether a token that was verified is good yet: neither has it expired, nor was its key withdrawn.
    pub(super) fn is_good(&self, verified: &Verified) -> bool {
        let held = self.issuers[verified.issuer].held(&verified.key_id);
        held.is_some_and(|key| Arc::ptr_eq(&key, &verified.key)) && self.clock.now() < verified.until
    }

    /// Who calls.
    pub(super) async fn verify(
        &self,
        presented: &Presented,
        hash: TokenHash,
        address: Option<IpAddr>,
    ) -> Result<Arc<Verified>, Refusal> {
        if !self.forgeries.may_try(address, self.clock.now()) {
            return Err(Refusal::TooMany);
        }
        let verified = self.check(presented.text()).await.inspect_err(|refusal| {
            if refusal.is_forgery() {
                self.forgeries.failed(address, self.clock.now());
            }
        })?;
        let verified = Arc::new(verified);
        self.verified.fetch_add(1, Ordering::Relaxed);
        self.tokens.put(hash, Arc::clone(&verified));
        Ok(verified)
    }

    async fn check(&self, token: &str) -> Result<Verified, Refusal> {
        let header = decode_header(token).map_err(|_| Refusal::Malformed)?;
        // RFC 7515, 4.1.11: what must be understood is not understood here.
        if header.crit.is_some() {
            return Err(Refusal::Critical);
        }
        let key_id = header.kid.ok_or(Refusal::NoKeyId)?;
        let told: Unverified = dangerous::insecure_decode_claims(token).map_err(|_| Refusal::Malformed)?;
        let issuer = self.issuers.iter().position(|keys| keys.issuer() == told.iss).ok_or(Refusal::Issuer)?;
        let key = self.issuers[issuer].find(&key_id).await?;
        let claims = checked(token, &key)?;
        if claims.iss != told.iss {
            return Err(Refusal::Malformed);
        }
        let (caller, until) = claims.caller(&self.policy, issuer, self.clock.now())?;
        Ok(Verified { caller, until, issuer, key_id, key })
    }

    /// Says why somebody did not get through.
    pub(super) fn tell(&self, refusal: Refusal) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        refusal.log(&self.outage);
    }

    pub(super) fn counters(&self) -> TokenCounters {
        TokenCounters {
            remembered: self.remembered.load(Ordering::Relaxed),
            verified: self.verified.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }

    /// Keeps the keys of every issuer fresh. Never returns.
    pub(super) async fn keep_fresh(&self) {
        let each = self.issuers.iter().map(|keys| async move {
            loop {
                let wait = if keys.renew().await { RENEWED_EVERY } else { RETRIED_AFTER };
                tokio::time::sleep(wait).await;
            }
        });
        futures::future::join_all(each).await;
    }
}

/// The claims of a token with a good signature. Its times, and for whom it is, are checked by our own clock and policy.
fn checked(token: &str, key: &SigningKey) -> Result<Claims, Refusal> {
    let mut validation = Validation::new(key.algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let decoded = decode::<Claims>(token, &key.key, &validation).map_err(|error| match error.kind() {
        ErrorKind::InvalidSignature => Refusal::Signature,
        ErrorKind::InvalidAlgorithm => Refusal::Algorithm,
        // Its issuer signed that.
        ErrorKind::Json(_) => Refusal::Claims,
        _ => Refusal::Malformed,
    })?;
    Ok(decoded.claims)
}
