//! Whose limit it is: the key that a request is counted under.

use std::fmt::{self, Write as _};
use std::net::IpAddr;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use domain::CallerId;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::tiers::Tier;

/// The longest identity as it is; of a longer one the digest is used.
const MAX_IDENTITY: usize = 100;

/// `{prefix}:ratelimit:{tier}:{identity}`. The identity is the id of the caller; without a caller `ip:` and the address of
/// the peer, without that `ip:unknown`. Whatever is no unreserved character is percent-encoded, above all `:`, so that no
/// id looks like an address or reaches into another part of the key.
pub(super) fn key(prefix: &str, tier: &Tier, caller: Option<&CallerId>, address: Option<IpAddr>) -> Bytes {
    let mut key = Vec::with_capacity(prefix.len() + tier.name.len() + 64);
    key.extend_from_slice(prefix.as_bytes());
    key.extend_from_slice(b":ratelimit:");
    key.extend_from_slice(tier.name.as_bytes());
    key.push(b':');
    let start = key.len();
    let mut encoded = Encoded(&mut key);
    // Writing into memory does not fail.
    let _ = match (caller, address) {
        (Some(id), _) => write!(encoded, "{id}"),
        (None, address) => {
            encoded.0.extend_from_slice(b"ip:");
            match address.map(|address| address.to_canonical()) {
                Some(address) => write!(encoded, "{address}"),
                None => encoded.write_str("unknown"),
            }
        }
    };
    if key.len() - start > MAX_IDENTITY {
        let digest = digest(&SHA256, &key[start..]);
        key.truncate(start);
        key.extend_from_slice(b"sha256:");
        key.extend_from_slice(const_hex::encode(digest).as_bytes());
    }
    key.into()
}

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Percent-encodes what is written into it.
struct Encoded<'a>(&'a mut Vec<u8>);

impl fmt::Write for Encoded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for piece in utf8_percent_encode(text, RESERVED) {
            self.0.extend_from_slice(piece.as_bytes());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RateTiers;
    use domain::RateTier;

    fn key_of(caller: Option<&str>, address: Option<&str>) -> String {
        let tiers = RateTiers::default();
        let caller = caller.map(CallerId::from);
        let address = address.map(|address| address.parse().unwrap());
        let key = key("tenant-manager", tiers.of(RateTier::Default), caller.as_ref(), address);
        String::from_utf8(key.to_vec()).unwrap()
    }

    #[test]
    fn a_caller_comes_before_its_address() {
        assert_eq!(key_of(Some("key-7"), Some("10.0.0.1")), "tenant-manager:ratelimit:default:key-7");
        assert_eq!(key_of(None, Some("10.0.0.1")), "tenant-manager:ratelimit:default:ip:10.0.0.1");
        assert_eq!(key_of(None, Some("::ffff:10.0.0.1")), key_of(None, Some("10.0.0.1")));
        assert_eq!(
            key_of(None, Some("2001:db8::1")),
            "tenant-manager:ratelimit:default:ip:2001%3Adb8%3A%3A1"
        );
        assert_eq!(key_of(None, None), "tenant-manager:ratelimit:default:ip:unknown");
    }

    #[test]
    fn no_caller_gets_into_the_key_of_another() {
        assert_eq!(key_of(Some("ip:10.0.0.1"), None), "tenant-manager:ratelimit:default:ip%3A10.0.0.1");
        assert_eq!(key_of(Some("a%3Ab"), None), "tenant-manager:ratelimit:default:a%253Ab");
        assert_eq!(key_of(Some("a:b"), None), "tenant-manager:ratelimit:default:a%3Ab");
        assert_eq!(key_of(Some("{tag}*?"), None), "tenant-manager:ratelimit:default:%7Btag%7D%2A%3F");
    }

    #[test]
    fn a_long_id_is_known_by_its_digest() {
        let one = key_of(Some(&":".repeat(128)), None);
        let other = key_of(Some(&format!("{}a", ":".repeat(127))), None);
        assert!(one.starts_with("tenant-manager:ratelimit:default:sha256:") && one != other, "{one}");
        assert!(one.len() < 200);
        assert!(key_of(Some(&"a".repeat(100)), None).ends_with("aaa"));
    }
}
