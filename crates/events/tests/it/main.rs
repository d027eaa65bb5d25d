//! The publisher against a real broker, one binary.

#![expect(clippy::unwrap_used, reason = "tests: the helpers beside them fail the test that calls them")]

mod alarm;
mod configuration;
mod delivery;
mod hang;
mod killed;
mod refusal;
mod support;
mod tls;
