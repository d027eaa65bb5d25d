//! The headers that tell a caller how much it may ask.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};

use super::limiter::{Numbers, Source};
use super::tiers::Tier;
use super::{
    RATELIMIT, RATELIMIT_POLICY, X_RATELIMIT_LIMIT, X_RATELIMIT_REMAINING, X_RATELIMIT_RESET,
    X_RATELIMIT_SOURCE,
};

/// Sets them all; what the service behind set under these names is replaced.
pub(super) fn stamp(headers: &mut HeaderMap, tier: &Tier, numbers: Option<Numbers>, source: Source) {
    headers.reserve(6);
    headers.insert(X_RATELIMIT_LIMIT, tier.limit_header.clone());
    headers.insert(RATELIMIT_POLICY, tier.policy_header.clone());
    headers.insert(X_RATELIMIT_SOURCE, HeaderValue::from_static(source.name()));
    if let Some(numbers) = numbers {
        headers.insert(X_RATELIMIT_REMAINING, HeaderValue::from(numbers.remaining));
        headers.insert(X_RATELIMIT_RESET, HeaderValue::from(numbers.reset_unix));
        headers.insert(RATELIMIT, state(tier.name, numbers));
    }
}

/// `"default";r=49;t=30`: a structured field of RFC 9651.
fn state(name: &str, numbers: Numbers) -> HeaderValue {
    let mut text = Vec::with_capacity(name.len() + 48);
    text.push(b'"');
    text.extend_from_slice(name.as_bytes());
    text.extend_from_slice(b"\";r=");
    push_number(&mut text, numbers.remaining);
    text.extend_from_slice(b";t=");
    push_number(&mut text, numbers.wait);
    // Letters, digits and the signs above are always a header value.
    HeaderValue::from_maybe_shared(Bytes::from(text)).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn push_number(text: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0_u8; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        // Below ten.
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    text.extend_from_slice(&digits[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_whole() {
        for number in [0, 9, 10, 499, u64::MAX] {
            let mut text = Vec::new();
            push_number(&mut text, number);
            assert_eq!(String::from_utf8(text).unwrap(), number.to_string());
        }
        let numbers = Numbers { remaining: 49, reset_unix: 7, wait: 30 };
        assert_eq!(state("default", numbers), "\"default\";r=49;t=30");
    }
}
