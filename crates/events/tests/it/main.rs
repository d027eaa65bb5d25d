//! The relay on a real store.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests say what went wrong by dying of it")]

mod log;
mod recorder;
mod relay;
mod unreadable;
