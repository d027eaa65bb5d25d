//! Where a request came from.

use std::net::IpAddr;

/// The address at the other end of the connection, in the extensions of a request: the caller's own, or that of the last
/// proxy in front. Whoever accepts connections leaves it there; no header is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PeerAddress(pub IpAddr);
