//! What only a real Valkey can show: connecting, redirections, lost answers, hung and killed nodes, moving slots.

mod connecting;
mod lost_answers;
mod outages;
mod redirections;
mod scan_cluster;
mod scan_single;
mod support;
