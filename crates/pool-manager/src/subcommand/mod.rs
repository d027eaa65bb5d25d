//! What the binary does, one file per command.

pub(crate) mod cache;
pub(crate) mod check;
pub(crate) mod import;
pub(crate) mod migrate;
pub(crate) mod serve;
