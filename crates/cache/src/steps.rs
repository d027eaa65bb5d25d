//! Inputs and outcomes of the atomic single-key steps.

use std::time::Duration;

use bytes::Bytes;

/// How long a stored value lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// Until it is removed.
    Never,
    /// For this long, counted in milliseconds; less than one counts as one.
    After(Duration),
}

impl From<Duration> for Expiry {
    /// Zero means never, as the public client libraries have it.
    fn from(ttl: Duration) -> Self {
        if ttl.is_zero() { Self::Never } else { Self::After(ttl) }
    }
}

impl Expiry {
    pub(crate) fn milliseconds(self) -> Option<u64> {
        match self {
            Self::Never => None,
            // A century: what is longer cannot be told from "never" and must not overflow the server's clock.
            Self::After(ttl) => {
                Some(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).clamp(1, 3_155_760_000_000))
            }
        }
    }
}

/// Outcome of `set_if_absent`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetIfAbsent {
    /// The caller's value stands.
    Stored,
    /// Another value stood there already.
    Present(Bytes),
}

/// Outcome of `replace_if_equal`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplaceIfEqual {
    /// The new value stands.
    Replaced,
    /// Another value stands there; it was left alone.
    Different,
    /// Nothing stands there; nothing was stored.
    Missing,
}

/// Outcome of `delete_if_equal`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteIfEqual {
    /// The expected value was there and is gone.
    Deleted,
    /// Another value stands there; it was left alone.
    Different,
    /// Nothing stood there.
    Missing,
}

/// Outcome of `set_if_newer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetIfNewer {
    /// The value stands.
    Stored,
    /// A newer version stands there; it was left alone.
    NewerStands {
        /// The version that stands.
        version: u64,
    },
}

/// Outcome of `lease`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lease {
    /// A record stands; nothing was changed.
    Found {
        /// Its version.
        version: u64,
        /// The record.
        value: Bytes,
    },
    /// There was none, and the caller's token stands now: what it loads may be filled in.
    Granted,
    /// There is none, and another loader is at it.
    Held,
}

/// Outcome of `fill`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// The record stands.
    Stored,
    /// The token does not stand any more, or a newer version is known: what was loaded may be old.
    Refused,
}

/// What a take asks for when not all of its cost fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// All of the cost or nothing: one request that weighs more than one.
    AllOrNothing,
    /// As many as fit: several requests of one caller that met in flight.
    AsManyAsFit,
}

/// A take from a rate limit of `limit` requests per `window`, all of which may come in one burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakeRequest {
    pub(crate) emission_micros: u64,
    pub(crate) limit: u64,
    pub(crate) cost: u64,
    pub(crate) grant: Grant,
}

/// Why a rate limit cannot work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TakeRequestError {
    /// Nothing would ever pass.
    #[error("the limit must be at least 1")]
    ZeroLimit,
    /// The time between two requests is below the microsecond that the server's clock can tell.
    #[error("the limit is above one request a microsecond")]
    TooFast,
    /// The window is longer than a year; the arithmetic is exact up to there.
    #[error("the window is longer than 366 days")]
    TooLong,
}

impl TakeRequest {
    /// A take of one. The time between two requests is rounded up to a whole microsecond, so that exactly `limit`
    /// pass in a burst and never one more in a window.
    pub const fn new(limit: u64, window: Duration) -> Result<Self, TakeRequestError> {
        if limit == 0 {
            return Err(TakeRequestError::ZeroLimit);
        }
        if window.as_micros() > 366 * 86_400 * 1_000_000 {
            return Err(TakeRequestError::TooLong);
        }
        let window_micros = window.as_micros() as u64;
        if window_micros < limit {
            return Err(TakeRequestError::TooFast);
        }
        Ok(Self {
            emission_micros: window_micros.div_ceil(limit),
            limit,
            cost: 1,
            grant: Grant::AllOrNothing,
        })
    }

    /// The same limit, asking for `cost` at once. A cost of 0 only looks (peek). More than the limit can never
    /// be granted whole.
    #[must_use]
    pub fn cost(self, cost: u64, grant: Grant) -> Self {
        Self { cost, grant, ..self }
    }

    /// The same limit, looking without taking.
    #[must_use]
    pub fn peek(self) -> Self {
        self.cost(0, Grant::AllOrNothing)
    }

    /// What one of several requests got that were taken together with [`Grant::AsManyAsFit`]: the same as if they had been
    /// taken one by one, in their order, at the moment of the take. `place` is the request's place among them, from 0.
    #[must_use]
    pub fn share(&self, whole: &Take, place: u64) -> Take {
        let reset_micros = u64::try_from(whole.reset_after.as_micros()).unwrap_or(u64::MAX);
        if place < whole.granted {
            let granted_later = whole.granted - place - 1;
            let reset_micros = reset_micros.saturating_sub(granted_later * self.emission_micros);
            return Take {
                granted: 1,
                remaining: whole.remaining + granted_later,
                retry_after: Duration::ZERO,
                reset_after: Duration::from_micros(reset_micros),
                now_micros: whole.now_micros,
            };
        }
        let burst_micros = self.emission_micros * self.limit;
        let retry_micros = reset_micros.saturating_add(self.emission_micros).saturating_sub(burst_micros);
        Take { granted: 0, retry_after: Duration::from_micros(retry_micros), ..*whole }
    }
}

/// Outcome of a take. Durations are exact to the microsecond of the clock that decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Take {
    /// How many of the cost were granted.
    pub granted: u64,
    /// How many more would be granted right now.
    pub remaining: u64,
    /// How long until what was asked for and not granted could be granted; zero when all was. For a peek, until
    /// one would be granted.
    pub retry_after: Duration,
    /// How long until the whole limit is there again.
    pub reset_after: Duration,
    /// The deciding clock, microseconds since the Unix epoch (the server's, not ours).
    pub now_micros: u64,
}
