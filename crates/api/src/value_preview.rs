//! Which values may be shown.

use cache::Preview;
use domain::KeyFamily;

/// The most digits of a counter.
const DIGITS: usize = 32;

/// How much of a value is read: the longest counter, with its dot.
const PREVIEW: usize = DIGITS + 1;

/// How many bytes of the value under `key` may be read to be shown: none unless values of its family are known to be
/// harmless, because cached values may hold credentials.
pub(crate) fn value_preview(key: &[u8]) -> usize {
    if KeyFamily::of(key).is_some_and(KeyFamily::is_value_harmless) { PREVIEW } else { 0 }
}

/// The whole value if it looks like a counter: 1 to 32 digits, with at most one dot. Anybody can write anything under
/// a key that looks harmless.
pub(crate) fn counter(value: &Preview) -> Option<&str> {
    let text = std::str::from_utf8(&value.bytes).ok()?;
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let dots = text.bytes().filter(|&byte| byte == b'.').count();
    let is_counter = (1..=DIGITS).contains(&digits) && dots <= 1 && digits + dots == text.len();
    (is_counter && value.length == text.len() as u64).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_values_are_shown() {
        for key in ["ratelimit:default:1", "tenant-manager:ratelimit:default:1"] {
            assert_eq!(value_preview(key.as_bytes()), PREVIEW, "{key}");
        }
        for key in [
            "m2m:ledger:acme:credentials",
            "tenant:acme:ratelimit:default:1",
            "sessions:1",
            "sessions:ratelimit:default:1",
            "Tenant-Manager:ratelimit:default:1",
        ] {
            assert_eq!(value_preview(key.as_bytes()), 0, "{key}");
        }
    }

    #[test]
    fn counters_are_digits_with_at_most_one_dot() {
        let preview =
            |text: &str| Preview { bytes: text.as_bytes().to_vec().into(), length: text.len() as u64 };
        let longest = format!("{}.5", "1".repeat(31));
        for text in ["0", "1767225600000000", "17.25", &longest] {
            assert_eq!(counter(&preview(text)), Some(text));
        }
        let too_long = "1".repeat(33);
        for text in ["", ".", "1.2.3", "-1", "1e3", "secret", "17 ", "٣", &too_long] {
            assert_eq!(counter(&preview(text)), None, "{text}");
        }
        assert_eq!(counter(&Preview { length: 99, ..preview("17") }), None, "the value goes on");
    }
}
