//! Tests of the binary as a process: its environment, output, signals and exit codes.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "test code fails by panicking"
)]

mod api_key;
mod audit;
mod collector;
mod configuration;
mod doctor;
mod events;
mod fail_safe;
mod first_start;
mod health;
mod import;
mod killed;
mod leaks;
mod readme;
mod replicas;
mod secrets;
mod signals;
mod store_outage;
mod stream;
mod subcommands;
mod support;
mod telemetry;
