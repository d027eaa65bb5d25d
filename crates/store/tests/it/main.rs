//! The stores against their contract, one binary.

#![expect(clippy::unwrap_used, clippy::panic, reason = "test code fails by panicking")]

mod contract;
mod durability;
mod sqlite;
