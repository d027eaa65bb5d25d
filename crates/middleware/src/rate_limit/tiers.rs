//! The limits, by tier.

use std::sync::Arc;
use std::time::Duration;

use cache::{TakeRequest, TakeRequestError};
use domain::RateTier;
use http::HeaderValue;

const MINUTE: Duration = Duration::from_secs(60);

/// A tier whose limit cannot work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the rate limit of the tier {tier} cannot work")]
pub struct RateTierError {
    /// Which one.
    pub tier: RateTier,
    /// Why.
    #[source]
    pub reason: TakeRequestError,
}

/// How many requests each [`RateTier`] allows in which window.
///
/// ```
/// # use std::time::Duration;
/// # use domain::RateTier;
/// # use middleware::RateTiers;
/// let tiers = RateTiers::default().with(RateTier::Relaxed, 2_000, Duration::from_secs(60))?;
/// assert!(tiers.with(RateTier::Relaxed, 0, Duration::from_secs(60)).is_err());
/// # Ok::<_, middleware::RateTierError>(())
/// ```
#[derive(Debug, Clone)]
pub struct RateTiers {
    default: Arc<Tier>,
    aggressive: Arc<Tier>,
    relaxed: Arc<Tier>,
    service: Arc<Tier>,
}

/// A tier, and what its answers repeat.
#[derive(Debug)]
pub(super) struct Tier {
    pub(super) name: &'static str,
    /// A take of one.
    pub(super) one: TakeRequest,
    pub(super) limit: u64,
    pub(super) window: Duration,
    /// `X-RateLimit-Limit`.
    pub(super) limit_header: HeaderValue,
    /// `RateLimit-Policy`.
    pub(super) policy_header: HeaderValue,
}

impl RateTiers {
    /// The same, but for one tier: at most `limit` requests in `window`, all of which may come in one burst.
    ///
    /// # Errors
    /// When the limit is 0 or above one request a microsecond, or the window is longer than 366 days.
    pub fn with(mut self, tier: RateTier, limit: u64, window: Duration) -> Result<Self, RateTierError> {
        let request = TakeRequest::new(limit, window).map_err(|reason| RateTierError { tier, reason })?;
        *self.of_mut(tier) = Arc::new(Tier::new(tier, request, limit, window));
        Ok(self)
    }

    pub(super) fn of(&self, tier: RateTier) -> &Arc<Tier> {
        match tier {
            RateTier::Default => &self.default,
            RateTier::Aggressive => &self.aggressive,
            RateTier::Relaxed => &self.relaxed,
            RateTier::Service => &self.service,
        }
    }

    fn of_mut(&mut self, tier: RateTier) -> &mut Arc<Tier> {
        match tier {
            RateTier::Default => &mut self.default,
            RateTier::Aggressive => &mut self.aggressive,
            RateTier::Relaxed => &mut self.relaxed,
            RateTier::Service => &mut self.service,
        }
    }
}

impl Default for RateTiers {
    /// A minute each: 500 for `default`, 100 for `aggressive`, 1,000 for `relaxed`, 60,000 for `service`.
    fn default() -> Self {
        // The numbers below are checked when this is compiled.
        #[expect(clippy::panic, reason = "runs in the compiler only")]
        const fn a_minute(limit: u64) -> TakeRequest {
            match TakeRequest::new(limit, MINUTE) {
                Ok(request) => request,
                Err(_) => panic!("not a limit"),
            }
        }
        const DEFAULT: TakeRequest = a_minute(500);
        const AGGRESSIVE: TakeRequest = a_minute(100);
        const RELAXED: TakeRequest = a_minute(1_000);
        const SERVICE: TakeRequest = a_minute(60_000);
        let tier = |tier, request, limit| Arc::new(Tier::new(tier, request, limit, MINUTE));
        Self {
            default: tier(RateTier::Default, DEFAULT, 500),
            aggressive: tier(RateTier::Aggressive, AGGRESSIVE, 100),
            relaxed: tier(RateTier::Relaxed, RELAXED, 1_000),
            service: tier(RateTier::Service, SERVICE, 60_000),
        }
    }
}

impl Tier {
    fn new(tier: RateTier, one: TakeRequest, limit: u64, window: Duration) -> Self {
        let name = tier.name();
        let policy = format!("\"{name}\";q={limit};w={}", seconds_up(window));
        Self {
            name,
            one,
            limit,
            window,
            limit_header: HeaderValue::from(limit),
            // Letters, digits and the signs above are always a header value.
            policy_header: HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static("")),
        }
    }
}

/// Whole seconds, rounded up: who waits that long has waited long enough.
pub(super) fn seconds_up(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
