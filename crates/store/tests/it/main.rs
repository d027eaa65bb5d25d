//! The stores against their contract, one binary.

mod contract;
mod durability;
mod mongo;
mod mongo_outage;
mod sqlite;
