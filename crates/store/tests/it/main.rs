//! The stores against their contract, one binary.

#![expect(clippy::print_stdout, reason = "what was measured is printed")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests: the helpers beside them fail the test that calls them"
)]

mod contract;
mod durability;
mod mongo;
mod mongo_outage;
mod mongo_tls;
mod sqlite;
mod unreadable_event;
