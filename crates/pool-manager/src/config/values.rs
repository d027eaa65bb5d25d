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
    Problem::Value { variable, value: value.clone().unwrap_or_default(), expected }
}
