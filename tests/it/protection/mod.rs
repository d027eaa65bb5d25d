//! What callers see while Valkey, the source of keys or the service itself fails: a service behind the very stack of the
//! binary, over a real socket.

mod committed_once;
mod fault;
mod flood;
mod keys;
mod load;
mod one_master;
mod protocol;
mod replica;
mod rows;
mod rungs;
mod samples;
pub(crate) mod service;
mod twice;
mod valkey;
