//! Addresses that begin alike.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A range of addresses as CIDR writes it, such as `10.0.0.0/8`; a single address without a length is a range, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    first: IpAddr,
    length: u8,
}

/// The text is no range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressRangeError {
    /// It is neither an address nor an address and a length.
    #[error("is no range of addresses such as 10.0.0.0/8 or fd00::/8")]
    Malformed,
    /// The address has bits beyond the length, so it is not the first of a range: one of both is not as it was meant.
    #[error("has an address that is not the first of its range")]
    NotTheFirst,
}

impl AddressRange {
    /// Whether the address is one of them. One of IPv4 within IPv6 (`::ffff:10.0.0.1`) counts as that of IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let differing = u64::from(first.to_bits() ^ address.to_bits());
                differing >> (32 - self.length) == 0
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let differing = first.to_bits() ^ address.to_bits();
                differing.checked_shr(128 - u32::from(self.length)).unwrap_or_default() == 0
            }
            _ => false,
        }
    }
}

impl FromStr for AddressRange {
    type Err = AddressRangeError;

    fn from_str(text: &str) -> Result<Self, AddressRangeError> {
        let (address, length) = match text.trim().split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text.trim(), None),
        };
        let first: IpAddr = address.parse().map_err(|_| AddressRangeError::Malformed)?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let length = length.map_or(Ok(most), str::parse).map_err(|_| AddressRangeError::Malformed)?;
        if length > most {
            return Err(AddressRangeError::Malformed);
        }
        let beyond = match first {
            IpAddr::V4(address) => u64::from(address.to_bits()).trailing_zeros().min(32),
            IpAddr::V6(address) => address.to_bits().trailing_zeros(),
        };
        if beyond < u32::from(most - length) {
            return Err(AddressRangeError::NotTheFirst);
        }
        Ok(Self { first, length })
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.first, self.length)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    fn contains(range: &str, address: &str) -> bool {
        range.parse::<AddressRange>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn a_range_holds_what_begins_as_it_does() {
        for (range, address) in [
            ("10.0.0.0/8", "10.255.255.255"),
            ("10.1.2.3", "10.1.2.3"),
            ("10.1.2.2/31", "::ffff:10.1.2.3"),
            ("0.0.0.0/0", "255.1.2.3"),
            ("fd00::/8", "fdff::1"),
            ("::/0", "2001:db8::1"),
            (" fd00::1 ", "fd00::1"),
        ] {
            assert!(contains(range, address), "{address} in {range}");
        }
        for (range, address) in [
            ("10.0.0.0/8", "11.0.0.0"),
            ("10.1.2.3", "10.1.2.2"),
            ("0.0.0.0/0", "::1"),
            ("::/0", "10.0.0.1"),
            ("::/0", "::ffff:10.0.0.1"),
            ("fd00::/8", "fe00::"),
        ] {
            assert!(!contains(range, address), "{address} in {range}");
        }
    }

    #[test]
    fn what_is_no_range_is_told() {
        for text in ["", "10", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "fd00::/129", "a/8", "10.0.0.0/8/8"]
        {
            assert_eq!(text.parse::<AddressRange>(), Err(AddressRangeError::Malformed), "{text}");
        }
        for text in ["10.0.0.1/8", "10.1.2.3/31", "fd00::1/64"] {
            assert_eq!(text.parse::<AddressRange>(), Err(AddressRangeError::NotTheFirst), "{text}");
        }
    }

    proptest! {
        #[test]
        fn exactly_the_addresses_from_the_first_to_the_last_are_in_it(bits: u32, length in 0..=32_u8, other: u32) {
            let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or_default();
            let range: AddressRange =
                format!("{}/{length}", Ipv4Addr::from_bits(bits & mask)).parse().unwrap();
            prop_assert!(range.contains(Ipv4Addr::from_bits(bits).into()));
            prop_assert_eq!(range.contains(Ipv4Addr::from_bits(other).into()), other & mask == bits & mask);
        }

        #[test]
        fn the_same_of_ipv6(bits: u128, length in 0..=128_u8, flipped in 0..128_u8) {
            let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or_default();
            let range: AddressRange =
                format!("{}/{length}", Ipv6Addr::from_bits(bits & mask)).parse().unwrap();
            let other = Ipv6Addr::from_bits(bits ^ (1 << (127 - flipped)));
            // Neither is one of IPv4 within IPv6.
            prop_assume!(bits >> 96 != 0 && other.to_bits() >> 96 != 0);
            prop_assert!(range.contains(Ipv6Addr::from_bits(bits).into()));
            prop_assert_eq!(range.contains(other.into()), flipped >= length);
        }
    }
}
