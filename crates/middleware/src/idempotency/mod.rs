//! Lets a caller send a write again without doing it again, by the key in the `X-Idempotency` header.
//!
//! One call of a key claims it in the cache and runs the handler in a task of its own; the answer takes the place of the
//! claim. Everybody else who comes with the key meets the claim or the answer.

mod body;
mod claim;
mod counters;
mod keyed_write;
mod layer;
mod record;
mod refusal;
mod refusal_log;
mod request_key;
mod run;
mod service;
mod settings;
mod stored_answer;
#[cfg(test)]
mod tests;

use http::HeaderName;

pub use counters::IdempotencyCounters;
pub use keyed_write::{AlreadyCommitted, KeyedWrite};
pub use layer::IdempotencyLayer;
pub use service::{IdempotencyFuture, Idempotent};
pub use settings::IdempotencySettings;

/// The header that holds the key of a write. `Idempotency-Key` and `X-Idempotency-Key` are taken for it.
pub const X_IDEMPOTENCY: HeaderName = HeaderName::from_static("x-idempotency");

/// The header that says for how many seconds a repeat gets the first answer.
pub const X_TTL: HeaderName = HeaderName::from_static("x-ttl");

/// The header of answers that come from an earlier call, or are refused because of one that runs: `true`.
pub const X_IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("x-idempotency-replayed");
