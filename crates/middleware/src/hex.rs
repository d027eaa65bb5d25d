//! Bytes in hex, written without an allocation.

const DIGITS: [u8; 16] = *b"0123456789abcdef";

/// The two lower-case digits of a byte.
pub(crate) fn digits(byte: u8) -> [u8; 2] {
    [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]
}
