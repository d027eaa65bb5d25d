//! The use cases over a real embedded store: what each leaves behind besides the changed record.

#![expect(clippy::unwrap_used, reason = "test code fails by panicking")]

mod desk;
mod recorder;
mod renewed;
mod told;
mod untold;
