//! The relay on a real store, and the publisher against a real broker; one binary.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests: the helpers beside them fail the test that calls them"
)]

mod alarm;
mod configuration;
mod delivery;
mod hang;
mod held_back;
mod killed;
mod log;
mod recorder;
mod refusal;
mod relay;
mod support;
mod tls;
mod unreadable;
