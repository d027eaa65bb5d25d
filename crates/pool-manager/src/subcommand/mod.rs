//! What the binary does, one file per command.

pub(crate) mod api_key;
pub(crate) mod audit;
pub(crate) mod cache;
pub(crate) mod doctor;
pub(crate) mod health;
pub(crate) mod import;
pub(crate) mod migrate;
mod offline;
pub(crate) mod serve;
