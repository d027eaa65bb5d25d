//! What a denial says, and for how long it is remembered.

use std::time::Duration;

use cache::Take;

/// No longer, so that a limit that an operator removes is open again within a second.
const LONGEST: Duration = Duration::from_secs(1);

/// A denial of the cache. While it is in force, the same caller is denied without asking again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Denial {
    /// Before this the cache would deny again. Times are those of the steady clock.
    in_force_until: Duration,
    /// At this, and not before, the next request passes.
    retry_at: Duration,
    /// Seconds since the Unix epoch.
    reset_unix: u64,
}

impl Denial {
    /// What a denied share says. The server decided between `asked_at` and `answered_at`: counted from the one, no request
    /// is denied that the server would let through; counted from the other, no caller is told to come too early.
    pub(super) fn new(share: &Take, asked_at: Duration, answered_at: Duration) -> Self {
        Self {
            in_force_until: asked_at + share.retry_after.min(LONGEST),
            retry_at: answered_at + share.retry_after,
            reset_unix: reset_unix(share),
        }
    }

    pub(super) fn is_in_force(&self, now: Duration) -> bool {
        now < self.in_force_until
    }

    pub(super) fn retry_after(&self, now: Duration) -> Duration {
        self.retry_at.saturating_sub(now)
    }

    pub(super) fn reset_unix(&self) -> u64 {
        self.reset_unix
    }
}

/// When the whole limit is there again by the clock that decided; seconds since the Unix epoch, rounded up.
pub(super) fn reset_unix(take: &Take) -> u64 {
    let reset_micros = u64::try_from(take.reset_after.as_micros()).unwrap_or(u64::MAX);
    take.now_micros.saturating_add(reset_micros).div_ceil(1_000_000)
}
