//! Whole-service tests: the service in this process, on a real socket, against real Valkey servers.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "test code fails by panicking")]
#![expect(clippy::print_stdout, reason = "what was measured is printed")]

mod cluster_outage;
mod conformance;
mod control_plane;
mod edge;
mod embedded;
mod outage;
mod protection;
mod start;
mod stop;
mod support;
mod valkey;
