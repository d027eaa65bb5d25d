//! Tells of an outage of the cache once in a while, not once a request.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cache::CacheError;

use super::limiter::OnCacheFailure;
use crate::error_chain::error_chain;

const PERIOD: Duration = Duration::from_secs(10);

/// Says that limits are not those of the cache, at most once in ten seconds, and once when ten seconds passed without.
#[derive(Debug, Default)]
pub(super) struct OutageLog {
    /// Whether there is something to take back; the only thing that is looked at while all is well.
    is_told: AtomicBool,
    times: Mutex<Times>,
}

#[derive(Debug, Default)]
struct Times {
    told_at: Option<Duration>,
    failed_at: Duration,
}

impl OutageLog {
    /// The cache did not decide. The reason is known to the request that asked.
    pub(super) fn failed(&self, now: Duration, policy: OnCacheFailure, reason: Option<&CacheError>) {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        times.failed_at = now;
        if times.told_at.is_some_and(|told_at| now < told_at + PERIOD) {
            return;
        }
        times.told_at = Some(now);
        self.is_told.store(true, Ordering::Relaxed);
        drop(times);
        tracing::warn!(
            cause = reason.map(|reason| error_chain(reason)),
            policy = policy.name(),
            "rate limits are decided without the cache"
        );
    }

    /// The cache decided.
    pub(super) fn decided(&self, now: Duration) {
        if !self.is_told.load(Ordering::Relaxed) {
            return;
        }
        // With one node of several away, decisions and failures alternate.
        let times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        if now >= times.failed_at + PERIOD && self.is_told.swap(false, Ordering::Relaxed) {
            drop(times);
            tracing::info!("rate limits are decided by the cache again");
        }
    }
}
