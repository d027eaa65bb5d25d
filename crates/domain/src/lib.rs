//! The language of the pool-manager: tenant ids, API keys, scopes, callers and the families of cache keys.
//!
//! Types and rules, and the ports that adapters implement. No I/O, no clock and no randomness of its own: the time
//! comes through [`Clock`], random bytes are arguments. Ports are trait objects: their set is open and each is called
//! at most once for a request.

mod api_key;
mod api_key_hash;
mod api_key_record;
mod base62;
mod caller;
mod clock;
mod key_family;
mod memory_api_keys;
mod ports;
mod scope;
mod tenant_id;

pub use api_key::{ApiKey, ApiKeyError};
pub use api_key_hash::ApiKeyHash;
pub use api_key_record::ApiKeyRecord;
pub use caller::{Caller, CallerId};
pub use clock::{Clock, ManualClock, SystemClock};
pub use key_family::KeyFamily;
pub use memory_api_keys::MemoryApiKeys;
pub use ports::{ApiKeySource, BoxError, SourceUnavailable};
pub use scope::{Scope, Scopes};
pub use tenant_id::{TenantId, TenantIdError};
