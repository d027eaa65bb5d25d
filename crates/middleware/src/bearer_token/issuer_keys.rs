//! The keys of one issuer: read at the start and every few minutes, and at once when a token names a key that is not known.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use domain::KeySetSource;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::{Instant, timeout};

use super::policy::TokenIssuer;
use super::refusal::Refusal;
use super::signing_key::{KeySet, SigningKey, key_set};
use crate::error_chain::error_chain;
use crate::flood_gate::FloodGate;

/// Not more often than that, whatever tokens say: strangers may name any key.
const FLOOR: Duration = Duration::from_secs(10);
/// How long the issuer may take to answer.
const TIME_LIMIT: Duration = Duration::from_secs(3);
/// Who waits for the keys, of all callers.
const MAX_WAITING: usize = 64;
/// A key that the issuer withdrew is good for so long at most, while the issuer answers.
pub(super) const RENEWED_EVERY: Duration = Duration::from_secs(300);

/// The keys of one issuer.
#[derive(Clone)]
pub(super) struct IssuerKeys(Arc<Inner>);

struct Inner {
    issuer: String,
    source: Arc<dyn KeySetSource>,
    held: ArcSwap<KeySet>,
    last: Mutex<Last>,
    waiting: Semaphore,
    faults: FloodGate,
}

/// The last time that the keys were asked for.
#[derive(Default)]
struct Last {
    at: Option<Instant>,
    was_answered: bool,
}

impl IssuerKeys {
    pub(super) fn new(issuer: TokenIssuer) -> Self {
        Self(Arc::new(Inner {
            issuer: issuer.name,
            source: issuer.keys,
            held: ArcSwap::default(),
            last: Mutex::default(),
            waiting: Semaphore::new(MAX_WAITING),
            faults: FloodGate::default(),
        }))
    }

    pub(super) fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// The key with this id, as far as is known.
    pub(super) fn held(&self, id: &str) -> Option<Arc<SigningKey>> {
        self.0.held.load().get(id).cloned()
    }

    /// The key with this id. One that is not known is asked for.
    pub(super) async fn find(&self, id: &str) -> Result<Arc<SigningKey>, Refusal> {
        if let Some(key) = self.held(id) {
            return Ok(key);
        }
        let _place = self.0.waiting.try_acquire().map_err(|_| Refusal::KeysUnavailable)?;
        // A task of its own: a client that goes away does not cut off what others wait for.
        let keys = self.clone();
        let wanted = id.to_owned();
        let renewed = tokio::spawn(async move { keys.renew_unless_known(&wanted).await });
        match timeout(TIME_LIMIT, renewed).await {
            Ok(Ok(true)) => self.held(id).ok_or(Refusal::UnknownKey),
            Ok(Ok(false) | Err(_)) | Err(_) => Err(Refusal::KeysUnavailable),
        }
    }

    /// Whether what is held is what the issuer said a moment ago.
    async fn renew_unless_known(&self, id: &str) -> bool {
        let mut last = self.0.last.lock().await;
        if self.held(id).is_some() {
            return true;
        }
        if last.at.is_some_and(|at| at.elapsed() < FLOOR) {
            return last.was_answered;
        }
        self.read(&mut last).await
    }

    /// Reads the keys anew, and says whether the issuer answered. What is held stays when it did not.
    pub(super) async fn renew(&self) -> bool {
        let mut last = self.0.last.lock().await;
        self.read(&mut last).await
    }

    async fn read(&self, last: &mut Last) -> bool {
        let inner = &self.0;
        let answer = timeout(TIME_LIMIT, inner.source.fetch()).await;
        let held = inner.held.load_full();
        let found = match &answer {
            Ok(Ok(json)) => key_set(json, &held).map_err(|error| error_chain(&error)),
            Ok(Err(error)) => Err(error_chain(error.as_ref())),
            Err(_) => Err("no answer in time".to_owned()),
        };
        *last = Last { at: Some(Instant::now()), was_answered: found.is_ok() };
        match found {
            Ok(set) => {
                let is_changed = set.len() != held.len() || set.keys().any(|id| !held.contains_key(id));
                if is_changed {
                    tracing::info!(issuer = inner.issuer, keys = set.len(), "keys for bearer tokens read");
                }
                inner.held.store(Arc::new(set));
                true
            }
            Err(cause) => {
                if let Some(left_out) = inner.faults.left_out() {
                    let held = held.len();
                    tracing::warn!(
                        issuer = inner.issuer,
                        cause,
                        held,
                        left_out,
                        "keys for bearer tokens not read"
                    );
                }
                false
            }
        }
    }
}
