//! How a versioned record is stored, and what stands in its place while there is none.
//!
//! 20 decimal digits of a version and a mark: `:` and the record; `!` for a tombstone: the record changed to this version
//! and was not loaded since; `?` and a token for the lease of a loader, with the version of the tombstone it replaced.
//!
//! Fixed width makes the order of the texts the order of the numbers, also beyond 2^53, where the numbers of a Lua
//! script stop being exact.

use bytes::{BufMut, Bytes, BytesMut};

const DIGITS: usize = 20;

/// What stands behind a stamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stamped {
    Record(Bytes),
    Tombstone,
    Lease { token: Bytes },
}

/// The stored form of a record.
pub(crate) fn seal(version: u64, value: &[u8]) -> Bytes {
    stamp(version, b':', value)
}

/// The stored form of a tombstone.
pub(crate) fn tombstone(version: u64) -> Bytes {
    stamp(version, b'!', b"")
}

/// The stored form of a lease.
pub(crate) fn lease(version: u64, token: &[u8]) -> Bytes {
    stamp(version, b'?', token)
}

fn stamp(version: u64, mark: u8, rest: &[u8]) -> Bytes {
    let mut stored = BytesMut::with_capacity(DIGITS + 1 + rest.len());
    stored.put_slice(format!("{version:0DIGITS$}").as_bytes());
    stored.put_u8(mark);
    stored.put_slice(rest);
    stored.freeze()
}

/// Version and content of a stored form; `None` for a value that was stored without a version.
pub(crate) fn open(stored: &Bytes) -> Option<(u64, Stamped)> {
    let digits = stored.get(..DIGITS)?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let version = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let rest = || stored.slice(DIGITS + 1..);
    match stored.get(DIGITS)? {
        b':' => Some((version, Stamped::Record(rest()))),
        b'!' if stored.len() == DIGITS + 1 => Some((version, Stamped::Tombstone)),
        b'?' => Some((version, Stamped::Lease { token: rest() })),
        _ => None,
    }
}

/// Version and value of a record; `None` for all else.
pub(crate) fn record(stored: &Bytes) -> Option<(u64, Bytes)> {
    match open(stored)? {
        (version, Stamped::Record(value)) => Some((version, value)),
        (_, Stamped::Tombstone | Stamped::Lease { .. }) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_what_it_sealed_and_nothing_else() {
        for version in [0, 7, u64::MAX] {
            let value = Bytes::from_static(b"a:b\0");
            assert_eq!(record(&seal(version, &value)), Some((version, value)));
            assert_eq!(open(&tombstone(version)), Some((version, Stamped::Tombstone)));
            let token = Bytes::from_static(b"t!:");
            assert_eq!(open(&lease(version, &token)), Some((version, Stamped::Lease { token })));
        }
        for foreign in
            ["", "7:x", "0000000000000000000x:y", "99999999999999999999:y", "00000000000000000001!x"]
        {
            assert_eq!(open(&Bytes::from_static(foreign.as_bytes())), None, "{foreign}");
        }
        assert_eq!(record(&tombstone(1)), None);
        assert_eq!(record(&lease(1, b"t")), None);
    }
}
