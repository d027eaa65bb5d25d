//! What only a real Valkey can show: connecting, redirections, lost answers, hung and killed nodes, moving slots.

mod batches;
mod connecting;
mod limits;
mod lost_answers;
mod outages;
mod password;
mod permissions;
mod redirections;
mod scan_cluster;
mod scan_single;
mod support;
mod tracking;
