//! Tower layers that any HTTP service can use, each alone: who calls ([`ApiKeyLayer`], [`BearerTokenLayer`]), which request it is
//! ([`RequestIdLayer`]), how often it may ask ([`RateLimitLayer`]), whether it was done already ([`IdempotencyLayer`]),
//! what became of it ([`AccessLogLayer`]), the one form of error bodies ([`ErrorBody`]) and of errors in the log
//! ([`error_chain`](error_chain()), [`FloodGate`]).
//!
//! The layers know no web framework: they work with every body type that the service behind them takes, and those that
//! answer by themselves with every one that is made from bytes. What they need from outside, such as keys, clocks and
//! randomness, they are given.

mod access_log;
mod address_range;
mod api_key;
mod bearer_token;
mod cache_trouble;
mod caller_future;
mod client_address;
mod error_body;
mod error_chain;
mod failed_attempts;
mod flood_gate;
mod idempotency;
mod pace;
mod rate_limit;
mod request_id;
mod shares;
mod standing;
mod take_ready;
#[cfg(test)]
mod test_log;
mod trusted_proxies;
mod writes;

pub use access_log::{AccessLog, AccessLogFuture, AccessLogLayer};
pub use address_range::{AddressRange, AddressRangeError};
pub use api_key::{ApiKeyGuard, ApiKeyLayer, SourceLimits, X_API_KEY};
pub use bearer_token::{BearerTokenGuard, BearerTokenLayer, TokenCounters, TokenIssuer, TokenPolicy};
pub use cache_trouble::CacheTrouble;
pub use caller_future::CallerFuture;
pub use client_address::ClientAddress;
pub use error_body::{ErrorBody, codes};
pub use error_chain::error_chain;
pub use failed_attempts::FailedAttempts;
pub use flood_gate::FloodGate;
pub use idempotency::{
    AlreadyCommitted, IdempotencyCounters, IdempotencyFuture, IdempotencyLayer, IdempotencySettings,
    Idempotent, KeyedWrite, X_IDEMPOTENCY, X_IDEMPOTENCY_REPLAYED, X_TTL,
};
pub use rate_limit::{
    OnCacheFailure, RATELIMIT, RATELIMIT_POLICY, RateLimit, RateLimitCounters, RateLimitFuture,
    RateLimitLayer, RateTierError, RateTiers, X_RATELIMIT_LIMIT, X_RATELIMIT_REMAINING, X_RATELIMIT_RESET,
    X_RATELIMIT_SOURCE,
};
pub use request_id::{RequestId, RequestIdFuture, RequestIdLayer, SetRequestId, X_REQUEST_ID};
pub use shares::{Share, Shares};
pub use standing::Standing;
pub use trusted_proxies::TrustedProxies;
pub use writes::is_write;
