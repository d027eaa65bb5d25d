//! Times to live as numbers.

use cache::KeyTtl;

/// Milliseconds that a key has left; -1 when it stays until it is removed.
pub(crate) fn ttl_milliseconds(ttl: KeyTtl) -> i64 {
    match ttl {
        KeyTtl::Never => -1,
        KeyTtl::Remaining(left) => i64::try_from(left.as_millis()).unwrap_or(i64::MAX),
    }
}

/// Seconds that a key has left, rounded up; -1 when it stays until it is removed.
pub(crate) fn ttl_seconds(ttl: KeyTtl) -> i64 {
    match ttl_milliseconds(ttl) {
        -1 => -1,
        left => left.saturating_add(999) / 1_000,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn seconds_are_rounded_up() {
        assert_eq!(ttl_seconds(KeyTtl::Never), -1);
        for (milliseconds, seconds) in [(0, 0), (1, 1), (1_000, 1), (1_001, 2)] {
            assert_eq!(ttl_seconds(KeyTtl::Remaining(Duration::from_millis(milliseconds))), seconds);
        }
    }
}
