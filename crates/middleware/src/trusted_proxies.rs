//! Whom we believe where a request came from.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

use crate::address_range::AddressRange;
use crate::client_address::ClientAddress;

const X_FORWARDED_FOR: &str = "x-forwarded-for";
/// Proxies behind each other that are looked at.
const MAX_HOPS: usize = 32;

/// The proxies in front, which tell in `X-Forwarded-For` who asked them. By default there are none, and the header is not
/// looked at. `Forwarded` (RFC 7239) is never read: two headers that say the same are two chances to contradict each other, and no
/// usual proxy overwrites both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<AddressRange>);

impl TrustedProxies {
    /// Those with addresses in one of the ranges.
    pub fn new(ranges: impl IntoIterator<Item = AddressRange>) -> Self {
        Self(ranges.into_iter().collect())
    }

    /// Whether nobody is trusted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is the address of one.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|range| range.contains(address))
    }

    /// Who asks: the other end of the connection, unless that is a trusted proxy. Then whom it says it asks for, and so on from
    /// right to left, as each proxy adds on the right; the first address that is not trusted is the client's, and whatever it claims
    /// itself is not looked at. Where an entry is no address, or there is no more, it is the last that was trusted.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> ClientAddress {
        let mut client = peer.to_canonical();
        if self.is_empty() || !self.contains(client) {
            return ClientAddress(client);
        }
        // Several lines are one list.
        let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
        let entries = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        for entry in entries.take(MAX_HOPS) {
            let Some(address) = address(entry) else { break };
            client = address;
            if !self.contains(client) {
                break;
            }
        }
        ClientAddress(client)
    }
}

/// An address, with brackets and a port if need be: some load balancers add the port.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn client(proxies: &[&str], peer: &str, lines: &[&str]) -> String {
        let proxies = TrustedProxies::new(proxies.iter().map(|range| range.parse().unwrap()));
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        proxies.client(peer.parse().unwrap(), &headers).0.to_string()
    }

    #[test]
    fn the_header_of_a_stranger_is_not_believed() {
        assert_eq!(client(&[], "10.0.0.1", &["1.2.3.4"]), "10.0.0.1");
        assert_eq!(client(&["10.0.0.0/8"], "11.0.0.1", &["1.2.3.4"]), "11.0.0.1");
        assert_eq!(client(&[], "::ffff:10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn the_right_most_address_that_is_not_trusted_is_the_client() {
        let proxies = ["10.0.0.0/8", "fd00::/8"];
        for (peer, lines, expected) in [
            ("10.0.0.1", &["1.2.3.4"][..], "1.2.3.4"),
            ("::ffff:10.0.0.1", &["1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", &["6.6.6.6, 1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", &["6.6.6.6, 1.2.3.4, 10.0.0.2 ,fd00::1"], "1.2.3.4"),
            ("10.0.0.1", &["6.6.6.6", "1.2.3.4", "10.0.0.2"], "1.2.3.4"),
            ("10.0.0.1", &["1.2.3.4:5678"], "1.2.3.4"),
            ("10.0.0.1", &["[2001:db8::1]:5678"], "2001:db8::1"),
            ("10.0.0.1", &["[2001:db8::1]"], "2001:db8::1"),
            ("10.0.0.1", &["::ffff:1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", &[], "10.0.0.1"),
        ] {
            assert_eq!(client(&proxies, peer, lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn what_is_no_address_ends_the_search() {
        for line in
            ["unknown", "1.2.3.4, unknown", "1.2.3.4,", "", "_hidden", "1.2.3.4;5", "\u{fffd}", "01.2.3.4"]
        {
            assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &[line]), "10.0.0.1", "{line}");
        }
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &["1.2.3.4, garbage, 10.0.0.2"]), "10.0.0.2");
    }

    #[test]
    fn a_list_without_end_is_not_read_to_its_end() {
        let line = format!("1.2.3.4{}", ", 10.0.0.2".repeat(MAX_HOPS));
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &[&line]), "10.0.0.2");
    }

    proptest! {
        #[test]
        fn nobody_who_is_not_trusted_can_pretend(
            peer in any::<[u8; 4]>(),
            lines in proptest::collection::vec("[ -~]{0,60}", 0..4),
        ) {
            let peer = IpAddr::from(peer);
            prop_assume!(!"10.0.0.0/8".parse::<AddressRange>().unwrap().contains(peer));
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            prop_assert_eq!(client(&["10.0.0.0/8"], &peer.to_string(), &lines), peer.to_string());
        }

        #[test]
        fn what_the_client_itself_claims_changes_nothing(
            claimed in "[ -+\\--~]{0,40}(,[ -+\\--~]{0,20}){0,6}",
            client_address in any::<[u8; 4]>(),
            hops in 0..5_usize,
        ) {
            let client_address = IpAddr::from(client_address);
            prop_assume!(!"10.0.0.0/8".parse::<AddressRange>().unwrap().contains(client_address));
            let line = format!("{claimed}, {client_address}{}", ", 10.9.9.9".repeat(hops));
            prop_assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &[&line]), client_address.to_string());
        }
    }
}
