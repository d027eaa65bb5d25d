//! The tests of the cache against real servers, and the contract that every backend keeps.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "test code"
)]

mod backend;
mod contract;
mod valkey;
