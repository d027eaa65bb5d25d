//! What subscribers get: all of it, in order, whatever dies.

mod delivery;
mod killed;
mod outages;
mod received;
pub(crate) mod setting;
mod stopped;
mod valkey_subscriber;
