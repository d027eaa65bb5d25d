//! Limits how often a caller may ask, counted in the cache for all replicas together.
//!
//! The arithmetic is the cache's `take`; this module decides whose limit and which one, joins the takes of one caller that
//! meet into one ([`takes`]), remembers denials for a moment ([`denial`]) and knows what to do while the cache is away
//! ([`limiter`]).

mod answer;
mod clock;
mod counters;
mod denial;
mod flight;
mod headers;
mod identity;
mod layer;
mod limiter;
mod outage_log;
mod service;
mod takes;
#[cfg(test)]
mod tests;
mod ticket;
mod tiers;

use http::HeaderName;

pub use counters::RateLimitCounters;
pub use layer::RateLimitLayer;
pub use limiter::OnCacheFailure;
pub use service::{RateLimit, RateLimitFuture};
pub use tiers::{RateTierError, RateTiers};

/// The most requests that pass in a window, also in one burst.
pub const X_RATELIMIT_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
/// How many more would pass now.
pub const X_RATELIMIT_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
/// When the whole limit is there again, in seconds since the Unix epoch.
pub const X_RATELIMIT_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
/// Who decided: `cache`, `local`, `open` or `closed`.
pub const X_RATELIMIT_SOURCE: HeaderName = HeaderName::from_static("x-ratelimit-source");
/// The same as the three above, as draft-ietf-httpapi-ratelimit-headers has it.
pub const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// The limit itself, as the draft has it.
pub const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
