//! How much of a value may be shown.

use domain::KeyFamily;

/// How much of a harmless value is shown, bytes.
const PREVIEW: usize = 4_096;

/// How many bytes of the value under `key` may be shown: none unless values of its family are known to be harmless,
/// because cached values may hold credentials.
pub(crate) fn value_preview(key: &[u8]) -> usize {
    if KeyFamily::of(key).is_some_and(KeyFamily::is_value_harmless) { PREVIEW } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_values_are_shown() {
        assert_eq!(value_preview(b"ratelimit:default:1"), PREVIEW);
        for key in ["m2m:ledger:acme:credentials", "tenant:acme:ratelimit:default:1", "sessions:1"] {
            assert_eq!(value_preview(key.as_bytes()), 0, "{key}");
        }
    }
}
