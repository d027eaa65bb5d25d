use std::net::IpAddr;

use crate::caller::CallerId;

/// Is told of everybody who is not let in. Called for each such request, so it neither waits nor fails.
pub trait RefusalWatch: Send + Sync + 'static {
    /// Somebody unknown, for one of a few reasons.
    fn refused(&self, address: Option<IpAddr>, reason: &'static str);

    /// Somebody known, who may not do what was asked for.
    fn forbidden(&self, address: Option<IpAddr>, caller: &CallerId);
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl RefusalWatch for Unwatched {
    fn refused(&self, _address: Option<IpAddr>, _reason: &'static str) {}

    fn forbidden(&self, _address: Option<IpAddr>, _caller: &CallerId) {}
}
