//! The audit log: writing rows of what changes no record, reading, and the chain that shows what was done to them.
//!
//! A change leaves its row in its own write (`records`). What changes no record, such as a deletion from the cache, is noted
//! ([`AuditNotes`]), and so is who was not let in ([`RefusedAttempts`]). One process puts what waits into the chain
//! ([`AuditKeeper`]), and [`verify`] finds what was done to it since.

mod chain;
mod keeper;
mod notes;
mod reading;
mod refused_attempts;
mod retention;
mod signed_head;
mod term;
mod verification;

pub use chain::AuditChain;
pub use keeper::{AuditCounters, AuditKeeper, AuditKeeperPorts};
pub use notes::{AuditNotes, NotesCounters};
pub use reading::AuditReading;
pub use refused_attempts::RefusedAttempts;
pub use signed_head::{GivenHead, GivenHeadError, SignedHead};
pub use verification::{Finding, Verified, verify};

#[cfg(test)]
mod testing;
