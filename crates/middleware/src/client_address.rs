//! Where a request came from.

use std::net::IpAddr;

use http::Extensions;

/// The address of whoever asks, in the extensions of a request: that of the connection's other end, or what a proxy that is
/// trusted says of it ([`TrustedProxies`](crate::TrustedProxies)). Whoever accepts connections decides it once and leaves it
/// there; nobody behind looks at headers for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// The address, if whoever accepts connections left one.
    pub fn of(extensions: &Extensions) -> Option<IpAddr> {
        extensions.get::<Self>().map(|client| client.0)
    }
}
