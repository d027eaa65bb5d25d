//! A service to protect: a read and a write behind the very stack that the binary's wiring builds, with a key source that
//! can be slowed and killed, and a ledger that several processes share.
//!
//! Tests mount it in their own process ([`TestService`]) or run it as one of its own (the binary `protected-service`).

mod key_source;
mod known_keys;
mod paused_tenants;
mod routes;
mod sqlite_ledger;
mod test_service;

pub use key_source::{KeySource, Pace};
pub use known_keys::{caller_id, known_key};
pub use paused_tenants::{PausedRead, PausedTenants};
pub use routes::{CRASH_HEADER, Crash, Executions, bare_router};
pub use sqlite_ledger::{CommitError, SqliteLedger, committed_writes};
pub use test_service::TestService;
