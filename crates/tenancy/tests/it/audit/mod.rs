//! The audit log over a real embedded store.

mod chaining;
mod log;
mod refused;
mod retention;
mod tampering;
mod unwritten;
