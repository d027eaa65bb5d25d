//! Whole-service tests: the service in this process, on a real socket, against real Valkey servers.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "test code fails by panicking")]

mod cluster_outage;
mod embedded;
mod outage;
mod start;
mod stop;
mod support;
mod valkey;
