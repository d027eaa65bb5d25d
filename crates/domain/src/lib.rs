//! The language of the pool-manager: tenant ids, API keys, scopes, callers, keyed writes and the families of cache keys.
//!
//! Types and rules, and the ports that adapters implement. No I/O, no clock and no randomness of its own: the time
//! comes through [`Clock`], random bytes are arguments. Ports are trait objects: their set is open and each is called
//! once for a request, or hardly more often.

mod api_key;
mod api_key_hash;
mod api_key_record;
mod base62;
mod caller;
mod clock;
mod committed_write;
mod fingerprint;
mod idempotency_key;
mod key_family;
mod memory_api_keys;
mod ports;
mod rate_tier;
mod scope;
mod tenant_id;
mod write_key;

pub use api_key::{ApiKey, ApiKeyError};
pub use api_key_hash::ApiKeyHash;
pub use api_key_record::ApiKeyRecord;
pub use caller::{Caller, CallerId};
pub use clock::{Clock, ManualClock, SystemClock};
pub use committed_write::{CommittedWrite, LedgerRow};
pub use fingerprint::{Fingerprint, FingerprintError};
pub use idempotency_key::{IdempotencyKey, IdempotencyKeyError};
pub use key_family::KeyFamily;
pub use memory_api_keys::MemoryApiKeys;
pub use ports::{ApiKeySource, BoxError, IdempotencyLedger, LedgerUnavailable, SourceUnavailable};
pub use rate_tier::{RateTier, UnknownRateTier};
pub use scope::{Scope, Scopes};
pub use tenant_id::{TenantId, TenantIdError};
pub use write_key::WriteKey;
