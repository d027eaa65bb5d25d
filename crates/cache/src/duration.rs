//! Durations as the Go services of the platform write them: `5s`, `1500ms`, `1m30s`, `1.5h`.

use std::time::Duration;

/// Why a text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a duration: write a number and a unit (ns, us, ms, s, m, h), for example 5s or 1m30s"
)]
pub struct DurationError {
    text: String,
}

/// Reads a duration in the syntax of Go's `time.ParseDuration`, without the sign: one or more decimal numbers,
/// each with a unit. `0` alone needs no unit.
pub fn parse_go_duration(text: &str) -> Result<Duration, DurationError> {
    let fail = || DurationError { text: text.to_owned() };
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = text;
    let mut total = 0.0_f64;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(fail)?;
        let (number, tail) = rest.split_at(number_end);
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, next) = tail.split_at(unit_end);
        total += number.parse::<f64>().map_err(|_| fail())? * unit_seconds(unit).ok_or_else(fail)?;
        rest = next;
    }
    if text.is_empty() {
        return Err(fail());
    }
    Duration::try_from_secs_f64(total).map_err(|_| fail())
}

fn unit_seconds(unit: &str) -> Option<f64> {
    match unit {
        "ns" => Some(1e-9),
        "us" | "µs" | "μs" => Some(1e-6),
        "ms" => Some(1e-3),
        "s" => Some(1.0),
        "m" => Some(60.0),
        "h" => Some(3600.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_go_writes() {
        let cases = [
            ("5s", 5_000),
            ("1500ms", 1_500),
            ("1m30s", 90_000),
            ("1.5h", 5_400_000),
            ("0", 0),
            ("0s", 0),
            (".5s", 500),
            ("1h2m3s4ms", 3_723_004),
        ];
        for (text, milliseconds) in cases {
            assert_eq!(parse_go_duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        assert_eq!(parse_go_duration("250us"), Ok(Duration::from_micros(250)));
    }

    #[test]
    fn refuses_the_rest() {
        for text in ["", "5", "s", "5 s", "-5s", "5x", "1.2.3s", "5s5", ".s", "1e99h", "five"] {
            assert!(parse_go_duration(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_a_duration(any in any::<String>(), near in "([0-9.]{0,25}(ns|us|µs|ms|s|m|h)?){0,4}") {
            for text in [any, near] {
                let _ = parse_go_duration(&text);
            }
        }

        #[test]
        fn milliseconds_are_read_as_they_are_written(milliseconds in 0_u64..1_000_000_000_000) {
            let read = parse_go_duration(&format!("{milliseconds}ms")).unwrap();
            let difference = read.abs_diff(Duration::from_millis(milliseconds));
            prop_assert!(difference < Duration::from_micros(1), "{read:?}");
        }
    }
}
