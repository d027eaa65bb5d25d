//! What a request says about its repeats.

use std::time::Duration;

use domain::{IdempotencyKey, IdempotencyKeyError};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::{IdempotencySettings, X_IDEMPOTENCY, X_TTL};
use crate::is_write;

/// The header and its other names.
static NAMES: [HeaderName; 3] =
    [X_IDEMPOTENCY, HeaderName::from_static("idempotency-key"), HeaderName::from_static("x-idempotency-key")];

/// The key and for how long it holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RequestKey {
    pub(super) key: IdempotencyKey,
    pub(super) ttl: Duration,
}

/// What is wrong with the headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum RequestKeyError {
    #[error(transparent)]
    Malformed(#[from] IdempotencyKeyError),
    #[error("the request has two different idempotency keys")]
    NotOne,
    #[error("X-TTL is a whole number of seconds, at least 1")]
    Ttl,
}

/// Whether the request is one that this is about: it changes something, and it has a key.
pub(super) fn has_key(method: &Method, headers: &HeaderMap) -> bool {
    is_write(method) && NAMES.iter().any(|name| headers.contains_key(name))
}

impl RequestKey {
    /// Reads the headers of a request that [`has_key`].
    pub(super) fn read(headers: &HeaderMap, settings: &IdempotencySettings) -> Result<Self, RequestKeyError> {
        let mut values = NAMES.iter().flat_map(|name| headers.get_all(name));
        let first = values.next().ok_or(IdempotencyKeyError::Empty)?;
        if values.any(|value| value != first) {
            return Err(RequestKeyError::NotOne);
        }
        Ok(Self { key: IdempotencyKey::parse(first)?, ttl: ttl(headers, settings)? })
    }
}

fn ttl(headers: &HeaderMap, settings: &IdempotencySettings) -> Result<Duration, RequestKeyError> {
    let mut values = headers.get_all(X_TTL).iter();
    let Some(value) = values.next() else {
        return Ok(settings.ttl);
    };
    if values.any(|other| other != value) {
        return Err(RequestKeyError::Ttl);
    }
    let seconds = seconds(value).ok_or(RequestKeyError::Ttl)?;
    Ok(Duration::from_secs(seconds).min(settings.max_ttl))
}

/// Digits only; what is too large for the number is as good as the largest.
fn seconds(value: &HeaderValue) -> Option<u64> {
    let text = value.to_str().ok()?;
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = if is_number { text.parse().unwrap_or(u64::MAX) } else { 0 };
    (seconds > 0).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(headers: &[(&str, &[u8])]) -> Result<RequestKey, RequestKeyError> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value).unwrap());
        }
        assert!(has_key(&Method::POST, &map));
        RequestKey::read(&map, &IdempotencySettings::default())
    }

    fn ttl_of(text: &str) -> Result<Duration, RequestKeyError> {
        read(&[("x-idempotency", b"k"), ("x-ttl", text.as_bytes())]).map(|read| read.ttl)
    }

    #[test]
    fn only_writes_with_a_key_are_meant() {
        for name in ["X-Idempotency", "Idempotency-Key", "X-Idempotency-Key"] {
            let headers = HeaderMap::from_iter([(name.parse::<HeaderName>().unwrap(), "k".parse().unwrap())]);
            for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                assert!(has_key(&method, &headers), "{method} {name}");
            }
            for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
                assert!(!has_key(&method, &headers), "{method} {name}");
            }
            let key = IdempotencyKey::parse("k").unwrap();
            let expected = RequestKey { key, ttl: Duration::from_secs(300) };
            assert_eq!(RequestKey::read(&headers, &IdempotencySettings::default()), Ok(expected));
        }
        let ttl_alone = HeaderMap::from_iter([(X_TTL, "5".parse().unwrap())]);
        assert!(!has_key(&Method::POST, &ttl_alone));
    }

    #[test]
    fn several_names_with_one_value_are_one_key() {
        assert!(
            read(&[("x-idempotency", b"a"), ("idempotency-key", b"a"), ("x-idempotency-key", b"a")]).is_ok()
        );
        for other in ["x-idempotency", "idempotency-key", "x-idempotency-key"] {
            assert_eq!(
                read(&[("x-idempotency", b"a"), (other, b"b")]),
                Err(RequestKeyError::NotOne),
                "{other}"
            );
        }
    }

    #[test]
    fn a_key_that_is_none_is_told() {
        for (value, error) in [
            (b"".as_slice(), IdempotencyKeyError::Empty),
            (&[b'k'; 257], IdempotencyKeyError::TooLong),
            (b"a\tb", IdempotencyKeyError::NotVisible),
            (b"caf\xe9", IdempotencyKeyError::NotVisible),
        ] {
            assert_eq!(read(&[("x-idempotency", value)]), Err(error.into()));
        }
        assert!(read(&[("x-idempotency", &[b'k'; 256])]).is_ok());
    }

    #[test]
    fn the_time_is_whole_seconds_up_to_a_day() {
        for (text, seconds) in
            [("1", 1), ("86400", 86_400), ("86401", 86_400), ("99999999999999999999", 86_400)]
        {
            assert_eq!(ttl_of(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "0", "000", "-1", "+5", "1.5", "5s", " 5 s", "0x5"] {
            assert_eq!(ttl_of(text), Err(RequestKeyError::Ttl), "{text:?}");
        }
        let two = [("x-idempotency", b"k".as_slice()), ("x-ttl", b"5"), ("x-ttl", b"6")];
        assert_eq!(read(&two), Err(RequestKeyError::Ttl));
    }

    proptest! {
        #[test]
        fn any_header_is_refused_or_a_time_in_bounds(bytes in any::<Vec<u8>>(), digits in "[0-9]{1,30}") {
            for bytes in [bytes.as_slice(), digits.as_bytes()] {
                if HeaderValue::from_bytes(bytes).is_err() {
                    continue;
                }
                if let Ok(read) = read(&[("x-idempotency", b"k"), ("x-ttl", bytes)]) {
                    prop_assert!((Duration::from_secs(1)..=Duration::from_secs(86_400)).contains(&read.ttl));
                    prop_assert!(bytes.iter().all(u8::is_ascii_digit));
                }
            }
        }

        #[test]
        fn a_time_is_read_as_it_is_written(seconds in 1_u64..=86_400) {
            prop_assert_eq!(ttl_of(&seconds.to_string()), Ok(Duration::from_secs(seconds)));
        }

        #[test]
        fn any_header_is_refused_or_the_key(bytes in any::<Vec<u8>>()) {
            if HeaderValue::from_bytes(&bytes).is_ok()
                && let Ok(read) = read(&[("idempotency-key", &bytes)])
            {
                prop_assert_eq!(read.key.expose().as_bytes(), bytes.as_slice());
            }
        }
    }
}
