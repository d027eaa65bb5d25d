//! The use cases over a real embedded store: what each leaves behind besides the changed record.

#![expect(clippy::unwrap_used, reason = "test code fails by panicking")]

mod audit;
mod credentials;
mod desk;
mod dying;
mod forgotten;
mod import;
mod key_audit;
mod key_changes;
mod key_uses;
mod recorder;
mod renewed;
mod replay;
mod rotation;
mod secret_writes;
mod told;
mod untold;
