//! How a versioned record is stored: 20 decimal digits of the version, a colon, the value.
//!
//! Fixed width makes the order of the texts the order of the numbers, also beyond 2^53, where the numbers of a Lua
//! script stop being exact.

use bytes::{BufMut, Bytes, BytesMut};

const DIGITS: usize = 20;

/// The stored form.
pub(crate) fn seal(version: u64, value: &[u8]) -> Bytes {
    let mut stored = BytesMut::with_capacity(DIGITS + 1 + value.len());
    stored.put_slice(format!("{version:0DIGITS$}:").as_bytes());
    stored.put_slice(value);
    stored.freeze()
}

/// Version and value of a stored form; `None` for a value that was stored without a version.
pub(crate) fn open(stored: &Bytes) -> Option<(u64, Bytes)> {
    let stamp = stored.get(..DIGITS)?;
    if stored.get(DIGITS) != Some(&b':') || !stamp.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let version = std::str::from_utf8(stamp).ok()?.parse().ok()?;
    Some((version, stored.slice(DIGITS + 1..)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_what_it_sealed_and_nothing_else() {
        for version in [0, 7, u64::MAX] {
            assert_eq!(open(&seal(version, b"a:b\0")), Some((version, Bytes::from_static(b"a:b\0"))));
        }
        for foreign in ["", "7:x", "0000000000000000000x:y", "99999999999999999999:y"] {
            assert_eq!(open(&Bytes::from_static(foreign.as_bytes())), None, "{foreign}");
        }
    }
}
