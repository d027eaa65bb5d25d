//! What the cache's decision means, and who decides while the cache does not.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use cache::{CacheClient, CacheHandle, EmbeddedCache, EmbeddedLimits, Take};

use super::clock::SteadyClock;
use super::counters::Counting;
use super::denial::{Denial, reset_unix};
use super::outage_log::OutageLog;
use super::takes::Takes;
use super::ticket::{Decision, Ticket};
use super::tiers::{Tier, seconds_up};

/// Who decides while the cache does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnCacheFailure {
    /// The same limit, counted in this process: with n replicas a caller has up to n times the limit. Callers beyond the
    /// 100,000 that it counts pass uncounted, as with `Open`.
    #[default]
    Local,
    /// Nobody: every request passes.
    Open,
    /// Nobody: every request is answered 503.
    Closed,
}

/// Who decided, as `X-RateLimit-Source` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Cache,
    Local,
    Open,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It passes; without numbers where nobody counts.
    Passes(Option<Numbers>, Source),
    /// 429.
    Denied(Numbers, Source),
    /// 429, without numbers: nobody counted.
    Crowded,
    /// 503.
    Unavailable,
}

/// What the headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) remaining: u64,
    /// When the whole limit is there again, in seconds since the Unix epoch.
    pub(super) reset_unix: u64,
    /// Seconds: for who passes, until the whole limit is there again; for who does not, until one passes.
    pub(super) wait: u64,
}

/// Decides about requests. One for all the services that a layer makes.
pub(super) struct Limiter {
    pub(super) takes: Takes,
    pub(super) clock: SteadyClock,
    pub(super) counting: Counting,
    pub(super) log: OutageLog,
    pub(super) on_failure: OnCacheFailure,
    local: EmbeddedCache,
}

impl OnCacheFailure {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

impl Limiter {
    pub(super) fn new(cache: CacheHandle, clock: SteadyClock, on_failure: OnCacheFailure) -> Self {
        Self::of(Takes::new(cache, None), clock, on_failure)
    }

    fn of(takes: Takes, clock: SteadyClock, on_failure: OnCacheFailure) -> Self {
        // Limits are never evicted, so that their number is what bounds the memory: 100,000 callers.
        let limits = EmbeddedLimits { max_bytes: 1024 * 1024, ..EmbeddedLimits::default() };
        Self {
            takes,
            clock,
            counting: Counting::default(),
            log: OutageLog::default(),
            on_failure,
            local: EmbeddedCache::new(limits),
        }
    }

    /// The same cache with another policy. Nothing that was counted is taken over.
    pub(super) fn with_policy(&self, on_failure: OnCacheFailure) -> Self {
        let takes = Takes::new(self.takes.cache().clone(), self.takes.time());
        Self::of(takes, self.clock.clone(), on_failure)
    }

    /// The same with another time for the cache. Nothing that was counted is taken over.
    pub(super) fn with_cache_time(&self, time: Duration) -> Self {
        let takes = Takes::new(self.takes.cache().clone(), Some(time));
        Self::of(takes, self.clock.clone(), self.on_failure)
    }

    /// What becomes of the request of this ticket.
    pub(super) fn verdict(ticket: &Ticket, decision: Decision, context: &mut Context<'_>) -> Verdict {
        let limiter = ticket.limiter();
        let verdict = match decision {
            Decision::Taken(take) => limiter.of_take(&take, Source::Cache),
            Decision::Denied(denial) => {
                Counting::add(&limiter.counting.denied_from_memory);
                limiter.of_denial(&denial)
            }
            // Whatever the policy: the cache answers, only not as fast as one caller asks.
            Decision::Crowded => {
                Counting::add(&limiter.counting.crowded);
                Verdict::Crowded
            }
            Decision::Failed { .. } => limiter.without_cache(ticket.key(), ticket.tier(), context),
        };
        match verdict {
            Verdict::Passes(..) => Counting::add(&limiter.counting.allowed),
            Verdict::Denied(..) | Verdict::Crowded => Counting::add(&limiter.counting.denied),
            Verdict::Unavailable => {}
        }
        verdict
    }

    fn of_take(&self, take: &Take, source: Source) -> Verdict {
        if take.granted > 0 {
            let wait = seconds_up(take.reset_after);
            let reset_unix = reset_unix(take);
            return Verdict::Passes(Some(Numbers { remaining: take.remaining, reset_unix, wait }), source);
        }
        let wait = seconds_up(take.retry_after).max(1);
        Verdict::Denied(Numbers { remaining: take.remaining, reset_unix: reset_unix(take), wait }, source)
    }

    fn of_denial(&self, denial: &Denial) -> Verdict {
        let wait = seconds_up(denial.retry_after(self.clock.now())).max(1);
        Verdict::Denied(Numbers { remaining: 0, reset_unix: denial.reset_unix(), wait }, Source::Cache)
    }

    fn without_cache(&self, key: &[u8], tier: &Arc<Tier>, context: &mut Context<'_>) -> Verdict {
        match self.on_failure {
            OnCacheFailure::Local => {
                // It never waits.
                match pin!(self.local.take(key, tier.one)).poll(context) {
                    Poll::Ready(Ok(take)) => {
                        Counting::add(&self.counting.local);
                        return self.of_take(&take, Source::Local);
                    }
                    // As many callers as it holds are counted already.
                    Poll::Ready(Err(_)) | Poll::Pending => {}
                }
            }
            OnCacheFailure::Open => {}
            OnCacheFailure::Closed => {
                Counting::add(&self.counting.closed);
                return Verdict::Unavailable;
            }
        }
        Counting::add(&self.counting.open);
        Verdict::Passes(None, Source::Open)
    }
}

impl Source {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Cache => "cache",
            Self::Local => "local",
            Self::Open => "open",
        }
    }
}
