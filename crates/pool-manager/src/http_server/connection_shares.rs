//! How many connections one address may have.

use std::net::IpAddr;
use std::sync::Arc;

use domain::network;
use middleware::{FloodGate, Share, Shares, TrustedProxies};

/// Counts the connections of each address; a network of IPv6 (/64) counts as one.
pub(super) struct ConnectionShares {
    shares: Arc<Shares<IpAddr>>,
    proxies: Arc<TrustedProxies>,
    refusals: FloodGate,
}

impl ConnectionShares {
    /// Nobody has more than `limit`, but for the proxies: behind each of them is everybody.
    pub(super) fn new(limit: usize, proxies: Arc<TrustedProxies>) -> Self {
        Self { shares: Shares::new(limit), proxies, refusals: FloodGate::default() }
    }

    /// A place for a connection of this address; nothing where it has all it may have.
    pub(super) fn take(&self, peer: IpAddr) -> Option<Share<IpAddr>> {
        let amount = usize::from(!self.proxies.contains(peer));
        let share = self.shares.take(&network(peer), amount);
        if share.is_none()
            && let Some(left_out) = self.refusals.left_out()
        {
            tracing::warn!(%peer, left_out, "an address has as many connections as it may, and one more was closed");
        }
        share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_has_its_share_and_a_proxy_all() {
        let proxies = TrustedProxies::new(["10.0.0.1".parse().unwrap()]);
        let shares = ConnectionShares::new(2, Arc::new(proxies));
        let take = |address: &str| shares.take(address.parse().unwrap());
        let mut held = vec![take("10.0.0.2").unwrap(), take("::ffff:10.0.0.2").unwrap()];
        assert!(take("10.0.0.2").is_none());
        assert!(take("10.0.0.3").is_some());
        held.pop();
        assert!(take("10.0.0.2").is_some(), "the place is free again");
        let of_network = [take("2001:db8::1"), take("2001:db8::2"), take("2001:db8::3")];
        assert_eq!(of_network.iter().filter(|share| share.is_some()).count(), 2);
        let of_proxy: Vec<_> = (0..10).map_while(|_| take("::ffff:10.0.0.1")).collect();
        assert_eq!(of_proxy.len(), 10);
    }
}
