//! A service to protect: the product's routes, a read and a write behind the very stack that the binary's wiring builds, with
//! a source of callers' keys that can be slowed and killed, and commits that can be the end of the process.
//!
//! Tests mount it in their own process ([`TestService`]) or run it as one of its own (the binary `protected-service`).

mod key_source;
mod known_keys;
mod paused_tenants;
mod quiet_feed;
mod routes;
mod staged_keys;
mod test_service;

pub use key_source::{KeySource, Pace};
pub use known_keys::{caller_id, known_key};
pub use paused_tenants::{Paused, PausedTenants};
pub use quiet_feed::QuietFeed;
pub use routes::{Executions, bare_router};
pub use staged_keys::{Commit, Commits};
pub use test_service::TestService;
