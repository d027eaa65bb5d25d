//! Rules that several kinds of backing stores share.

use std::ops::RangeInclusive;

use crate::invalid::Invalid;

/// The ports that there are.
pub const PORTS: RangeInclusive<u16> = 1..=u16::MAX;
const MAX_TEXT: usize = 255;

/// Notes a text that is empty, longer than 255 bytes or has control characters.
pub(super) fn text(text: &str, field: &str, name: &str, invalid: &mut Invalid) {
    if text.is_empty() || text.len() > MAX_TEXT || text.chars().any(char::is_control) {
        invalid.add(
            format!("{field}.{name}"),
            format_args!("must have 1 to {MAX_TEXT} bytes and no control character"),
        );
    }
}

/// The same for one that may be missing.
pub(super) fn optional(given: Option<&str>, field: &str, name: &str, invalid: &mut Invalid) {
    if let Some(given) = given {
        text(given, field, name, invalid);
    }
}

/// Notes a host that is none: a name or an address, without scheme, port or path.
pub(super) fn host(host: &str, field: &str, invalid: &mut Invalid) {
    let is_odd = |byte: u8| !byte.is_ascii_alphanumeric() && !b"-._:[]".contains(&byte);
    if host.is_empty() || host.len() > MAX_TEXT || host.bytes().any(is_odd) {
        invalid.add(format!("{field}.host"), "must be a host name or address, without scheme and port");
    }
}

/// Notes port 0.
pub(super) fn port(port: u16, field: &str, invalid: &mut Invalid) {
    invalid.check_range(format!("{field}.port"), &port, &PORTS);
}
