//! Which hosts may be stored, and which the service itself may ask: no way to the machine it runs on or to what only that
//! machine can reach (server-side request forgery).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a host may be. Private addresses are the normal case within a cluster, so they are fine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostRules {
    allows_loopback: bool,
}

/// Why a host is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostFault {
    /// It is neither a name nor an address.
    #[error("must be a host name or address")]
    Malformed,
    /// An IPv4 address that is not written as four decimal numbers: what it means depends on who reads it.
    #[error("must not be an address in another spelling than four decimal numbers")]
    OddSpelling,
    /// The machine itself.
    #[error("must not be a loopback address")]
    Loopback,
    /// Addresses of one link.
    #[error("must not be a link-local address")]
    LinkLocal,
    /// What gives a machine its credentials.
    #[error("must not be a metadata service of a cloud")]
    Metadata,
    /// No address at all, such as `0.0.0.0`.
    #[error("must not be the unspecified address")]
    Unspecified,
    /// Many at once: multicast and broadcast; also what is reserved.
    #[error("must not be a multicast, broadcast or reserved address")]
    Multicast,
}

/// Metadata services outside of 169.254.0.0/16.
const METADATA_V4: [Ipv4Addr; 3] =
    [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(192, 0, 0, 192)];
const METADATA_V6: [Ipv6Addr; 3] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
];
const METADATA_NAMES: [&str; 6] = [
    "metadata",
    "metadata.goog",
    "metadata.google.internal",
    "instance-data",
    "instance-data.ec2.internal",
    "metadata.tencentyun.com",
];
const LOOPBACK_NAMES: [&str; 8] = [
    "localhost",
    "localhost.localdomain",
    "localhost4",
    "localhost4.localdomain4",
    "localhost6",
    "localhost6.localdomain6",
    "ip6-localhost",
    "ip6-loopback",
];

impl HostRules {
    /// Everywhere but on a developer's machine.
    pub const DEPLOYED: Self = Self { allows_loopback: false };
    /// On a developer's machine, where everything else runs, too.
    pub const LOCAL: Self = Self { allows_loopback: true };

    /// Whether the machine itself may be named.
    pub fn allows_loopback(self) -> bool {
        self.allows_loopback
    }

    /// Looks at a name or an address as it is written, IPv6 with or without brackets. A name is not resolved.
    pub fn check(self, host: &str) -> Result<(), HostFault> {
        if let Some(address) = address(host)? {
            return self.check_address(address);
        }
        let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let is_label =
            |label: &str| !label.is_empty() && !label.starts_with('-') && label.bytes().all(is_of_a_label);
        if !name.split('.').all(is_label) {
            return Err(HostFault::Malformed);
        }
        if METADATA_NAMES.contains(&name.as_str()) {
            return Err(HostFault::Metadata);
        }
        if !self.allows_loopback && is_loopback_name(&name) {
            return Err(HostFault::Loopback);
        }
        Ok(())
    }

    /// Looks at an address, such as one that a name resolved to. One of IPv4 within one of IPv6 counts as that of IPv4.
    pub fn check_address(self, address: IpAddr) -> Result<(), HostFault> {
        match address {
            IpAddr::V4(address) => self.check_v4(address),
            IpAddr::V6(address) => self.check_v6(address),
        }
    }

    fn check_v4(self, address: Ipv4Addr) -> Result<(), HostFault> {
        match address.octets() {
            [0, ..] => Err(HostFault::Unspecified),
            [127, ..] if !self.allows_loopback => Err(HostFault::Loopback),
            [169, 254, 169, 254] | [169, 254, 170, 2 | 23] => Err(HostFault::Metadata),
            [169, 254, ..] => Err(HostFault::LinkLocal),
            [224..=255, ..] => Err(HostFault::Multicast),
            _ if METADATA_V4.contains(&address) => Err(HostFault::Metadata),
            _ => Ok(()),
        }
    }

    fn check_v6(self, address: Ipv6Addr) -> Result<(), HostFault> {
        if address.is_unspecified() {
            return Err(HostFault::Unspecified);
        }
        if address.is_loopback() {
            return if self.allows_loopback { Ok(()) } else { Err(HostFault::Loopback) };
        }
        if METADATA_V6.contains(&address) {
            return Err(HostFault::Metadata);
        }
        match address.segments()[0] {
            // Site-local addresses (fec0::/10) were given up (RFC 3879), and are read in different ways.
            0xfe80..=0xfeff => return Err(HostFault::LinkLocal),
            0xff00.. => return Err(HostFault::Multicast),
            _ => {}
        }
        embedded(address).map_or(Ok(()), |address| self.check_v4(address))
    }
}

/// Whether the text names the machine itself: by a usual name, or by a loopback address.
pub fn is_loopback_host(host: &str) -> bool {
    match address(host) {
        Ok(Some(address)) => address.to_canonical().is_loopback(),
        Ok(None) => is_loopback_name(&host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()),
        Err(_) => false,
    }
}

/// The host of `host`, `host:port`, `[address]` or `[address]:port`.
pub fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') && (!host.contains(':') || host.ends_with(']')) => host,
        _ => authority,
    }
}

/// The address that the text is; none of a name.
fn address(host: &str) -> Result<Option<IpAddr>, HostFault> {
    if let Some(inner) = host.strip_prefix('[') {
        let inner = inner.strip_suffix(']').ok_or(HostFault::Malformed)?;
        let address = inner.parse::<Ipv6Addr>().map_err(|_| HostFault::Malformed)?;
        return Ok(Some(address.into()));
    }
    // Resolvers take an address with a dot behind for the address.
    let host = host.strip_suffix('.').unwrap_or(host);
    if let Ok(address) = host.parse() {
        return Ok(Some(address));
    }
    // No top-level domain is a number, so it can only be meant as an address: 2130706433, 127.1, 0x7f000001, 0177.0.0.1.
    let last = host.rsplit('.').next().unwrap_or_default();
    let hex = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    let is_number = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
    if is_number || hex.is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        return Err(HostFault::OddSpelling);
    }
    Ok(None)
}

fn is_of_a_label(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_".contains(&byte)
}

fn is_loopback_name(name: &str) -> bool {
    LOOPBACK_NAMES.contains(&name) || name.ends_with(".localhost")
}

/// The address of IPv4 that one of IPv6 leads to: mapped, compatible, translated (64:ff9b::/96 and
/// 64:ff9b:1::/48), by 6to4, Teredo or ISATAP.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, high, low] = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low));
    match [a, b, c, d, e, f] {
        // Mapped, compatible, translated; translated locally (RFC 8215); ISATAP (RFC 5214, 6.1).
        [0, 0, 0, 0, 0, 0 | 0xffff]
        | [0x64, 0xff9b, 0, 0, 0, 0]
        | [0, 0, 0, 0, 0xffff, 0]
        | [0x64, 0xff9b, 1, ..]
        | [.., 0 | 0x200, 0x5efe] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        // Teredo (RFC 4380, 4): the client, turned over.
        [0x2001, 0, ..] => Some(v4(!high, !low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fault(host: &str) -> Option<HostFault> {
        HostRules::DEPLOYED.check(host).err()
    }

    #[test]
    fn what_lives_in_a_cluster_is_fine() {
        for host in [
            "ledger",
            "pg-1.int",
            "ledger.midaz.svc.cluster.local.",
            "10.0.0.7",
            "192.168.1.1",
            "172.16.0.9",
            "100.64.0.1",
            "8.8.8.8",
            "fd12::1",
            "[2001:db8::1]",
            "[::ffff:10.0.0.7]",
            "db_1",
            "1.example",
        ] {
            assert_eq!(fault(host), None, "{host}");
        }
    }

    #[test]
    fn what_only_the_machine_reaches_is_refused() {
        for (host, expected) in [
            ("169.254.169.254", HostFault::Metadata),
            ("169.254.169.254.", HostFault::Metadata),
            ("169.254.170.2", HostFault::Metadata),
            ("169.254.170.23", HostFault::Metadata),
            ("100.100.100.200", HostFault::Metadata),
            ("fd00:ec2::254", HostFault::Metadata),
            ("[fd00:0ec2:0::254]", HostFault::Metadata),
            ("METADATA.google.internal.", HostFault::Metadata),
            ("[::ffff:169.254.169.254]", HostFault::Metadata),
            ("[::ffff:a9fe:a9fe]", HostFault::Metadata),
            ("64:ff9b::169.254.169.254", HostFault::Metadata),
            ("2002:a9fe:a9fe::1", HostFault::Metadata),
            ("169.254.1.1", HostFault::LinkLocal),
            ("fe80::1", HostFault::LinkLocal),
            ("febf::1", HostFault::LinkLocal),
            ("fec0::1", HostFault::LinkLocal),
            ("64:ff9b:1::a9fe:a9fe", HostFault::Metadata),
            ("2001::5601:5601", HostFault::Metadata),
            ("fd00::5efe:a9fe:a9fe", HostFault::Metadata),
            ("0.0.0.0", HostFault::Unspecified),
            ("0.1.2.3", HostFault::Unspecified),
            ("::", HostFault::Unspecified),
            ("[::ffff:0.0.0.0]", HostFault::Unspecified),
            ("224.0.0.1", HostFault::Multicast),
            ("255.255.255.255", HostFault::Multicast),
            ("ff02::1", HostFault::Multicast),
            ("127.0.0.1", HostFault::Loopback),
            ("127.9.9.9", HostFault::Loopback),
            ("::1", HostFault::Loopback),
            ("::ffff:127.0.0.1", HostFault::Loopback),
            ("LocalHost", HostFault::Loopback),
            ("a.localhost.", HostFault::Loopback),
            ("2852039166", HostFault::OddSpelling),
            ("0xA9FEA9FE", HostFault::OddSpelling),
            ("0251.0376.0251.0376", HostFault::OddSpelling),
            ("169.254.43518", HostFault::OddSpelling),
            ("127.1", HostFault::OddSpelling),
            ("169.254.169.0xfe", HostFault::OddSpelling),
            ("169.0x.0x.0x", HostFault::OddSpelling),
            ("", HostFault::Malformed),
            (".", HostFault::Malformed),
            ("a..b", HostFault::Malformed),
            ("localhost..", HostFault::Malformed),
            ("-h", HostFault::Malformed),
            ("localhost6", HostFault::Loopback),
            ("[fe80::1", HostFault::Malformed),
            ("[127.0.0.1]", HostFault::Malformed),
            ("fe80::1%eth0", HostFault::Malformed),
            ("user@host", HostFault::Malformed),
            ("%31%36%39.254.169.254.x", HostFault::Malformed),
        ] {
            assert_eq!(fault(host), Some(expected), "{host}");
        }
    }

    #[test]
    fn a_developer_may_name_the_machine_and_no_more() {
        for host in ["localhost", "127.0.0.1", "[::1]", "::ffff:127.0.0.1"] {
            assert_eq!(HostRules::LOCAL.check(host), Ok(()), "{host}");
            assert!(is_loopback_host(host), "{host}");
        }
        for host in ["169.254.169.254", "0.0.0.0", "fe80::1", "127.1"] {
            assert!(HostRules::LOCAL.check(host).is_err() && !is_loopback_host(host), "{host}");
        }
    }

    #[test]
    fn a_port_is_taken_off() {
        for (authority, host) in [
            ("h", "h"),
            ("h:9092", "h"),
            ("[::1]:9092", "[::1]"),
            ("[::1]", "[::1]"),
            ("::1", "::1"),
            ("10.0.0.1:1", "10.0.0.1"),
        ] {
            assert_eq!(without_port(authority), host);
        }
    }

    proptest! {
        #[test]
        fn an_address_within_one_of_ipv6_is_judged_as_itself(bits: u32) {
            let address = Ipv4Addr::from_bits(bits);
            let expected = HostRules::DEPLOYED.check_address(address.into());
            let [high, low] = [(bits >> 16) as u16, bits as u16];
            let mapped = IpAddr::from(address.to_ipv6_mapped());
            let translated = IpAddr::from([0x64, 0xff9b, 0, 0, 0, 0, high, low]);
            let by_6to4 = IpAddr::from([0x2002, high, low, 0, 0, 0, 0, 1]);
            for address in [mapped, translated, by_6to4] {
                prop_assert_eq!(HostRules::DEPLOYED.check_address(address), expected);
            }
        }

        #[test]
        fn no_text_of_digits_and_dots_means_more_than_one_address(text in "[0-9a-fxX.:]{1,20}") {
            if let Ok(Some(address)) = address(&text) {
                let plain = text.strip_suffix('.').unwrap_or(&text);
                prop_assert_eq!(plain.parse::<IpAddr>().unwrap(), address);
            }
        }
    }
}
