//! Numbers as the signed ones that both stores keep.

/// The number, or the greatest there is, which no sequence, limit or time comes near.
pub(crate) fn clamped(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
