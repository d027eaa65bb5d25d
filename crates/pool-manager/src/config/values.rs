//! Reading one value; what cannot be read becomes a problem and the default goes on.

use std::ops::RangeInclusive;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cache::parse_go_duration;

use super::Problem;

/// The value without blanks around it; blank is the same as absent.
pub(super) fn filled(value: &Option<String>) -> Option<&str> {
    value.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

/// `true` or `false`; absent is `false`.
pub(super) fn flag(variable: &'static str, value: &Option<String>, problems: &mut Vec<Problem>) -> bool {
    flag_or(false, variable, value, problems)
}

/// `true` or `false`; absent is `default`.
pub(super) fn flag_or(
    default: bool,
    variable: &'static str,
    value: &Option<String>,
    problems: &mut Vec<Problem>,
) -> bool {
    match filled(value).map(str::to_ascii_lowercase).as_deref() {
        None => default,
        Some("false" | "0") => false,
        Some("true" | "1") => true,
        Some(_) => {
            problems.push(unexpected(variable, value, "true or false"));
            default
        }
    }
}

/// Whole seconds, at most an hour.
pub(super) fn seconds(
    variable: &'static str,
    value: &Option<String>,
    default: Duration,
    problems: &mut Vec<Problem>,
) -> Duration {
    match filled(value).map(str::parse::<u64>) {
        None => default,
        Some(Ok(number)) if number <= 3_600 => Duration::from_secs(number),
        Some(_) => {
            problems.push(unexpected(variable, value, "a whole number of seconds from 0 to 3600"));
            default
        }
    }
}

/// A duration such as `24h`, in a range.
pub(super) fn duration(
    variable: &'static str,
    value: &Option<String>,
    (default, range): (Duration, RangeInclusive<Duration>),
    expected: &'static str,
    problems: &mut Vec<Problem>,
) -> Duration {
    match filled(value).map(parse_go_duration) {
        None => default,
        Some(Ok(duration)) if range.contains(&duration) => duration,
        Some(_) => {
            problems.push(unexpected(variable, value, expected));
            default
        }
    }
}

/// Base64 of a certificate in PEM, which comes out as PEM.
pub(super) fn certificate(
    variable: &'static str,
    value: &Option<String>,
    problems: &mut Vec<Problem>,
) -> Option<String> {
    let text = filled(value)?;
    let bytes = STANDARD.decode(text.split_ascii_whitespace().collect::<String>()).ok();
    let pem = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let pem = pem.filter(|pem| pem.contains("-----BEGIN CERTIFICATE-----"));
    if pem.is_none() {
        problems.push(Problem::NotACertificate { variable });
    }
    pem
}

/// A value that is not what it should be.
pub(super) fn unexpected(variable: &'static str, value: &Option<String>, expected: &'static str) -> Problem {
    let value = value.as_deref().map(cache::without_user).unwrap_or_default();
    Problem::Value { variable, value, expected }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Base64 of PEM comes out as it went in, also in lines; all else is told.
        #[test]
        fn any_text_is_refused_or_a_certificate(text: String, inside in "[ -~\\n]{0,60}", width in 1_usize..80) {
            let pem = format!("-----BEGIN CERTIFICATE-----\n{inside}\n-----END CERTIFICATE-----\n");
            let encoded: Vec<char> = STANDARD.encode(&pem).chars().collect();
            let lines: Vec<String> = encoded.chunks(width).map(|line| line.iter().collect()).collect();
            let mut problems = Vec::new();
            prop_assert_eq!(certificate("CA", &Some(lines.join("\n")), &mut problems), Some(pem));
            prop_assert!(problems.is_empty());
            let read = certificate("CA", &Some(text.clone()), &mut problems);
            let is_blank = text.trim().is_empty();
            prop_assert_eq!(read.is_none() && !is_blank, !problems.is_empty());
        }

        #[test]
        fn any_text_is_refused_or_a_value_in_bounds(text: String, digits in "[0-9]{1,25}") {
            let bounds = Duration::from_secs(1)..=Duration::from_secs(60);
            for text in [text, format!("{digits}s"), digits] {
                let mut problems = Vec::new();
                let value = Some(text);
                prop_assert!(seconds("S", &value, Duration::ZERO, &mut problems) <= Duration::from_secs(3_600));
                let read = duration("D", &value, (Duration::from_secs(5), bounds.clone()), "x", &mut problems);
                prop_assert!(bounds.contains(&read));
                flag("F", &value, &mut problems);
            }
        }
    }
}
