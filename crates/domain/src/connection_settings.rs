//! How many connections a service may open for a tenant.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::invalid::{Invalid, field_path};

/// Limits of the pool that a service keeps for one tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionSettings {
    /// The most connections open at once; 0 leaves it to the client.
    pub max_open_conns: u32,
    /// The most of them kept idle; 0 leaves it to the client.
    pub max_idle_conns: u32,
    /// How long a statement may run, as PostgreSQL writes it: `30s`, `500 ms`, or a bare number of milliseconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub statement_timeout: Option<String>,
}

impl ConnectionSettings {
    /// How many connections may be asked for. Clients stop at 200 by themselves.
    pub const CONNECTIONS: RangeInclusive<u32> = 0..=10_000;

    /// Notes what is wrong below `field`.
    pub fn check(&self, field: &str, invalid: &mut Invalid) {
        for (name, number) in [("maxOpenConns", self.max_open_conns), ("maxIdleConns", self.max_idle_conns)] {
            invalid.check_range(field_path(field, name), &number, &Self::CONNECTIONS);
        }
        if self.max_open_conns > 0 && self.max_idle_conns > self.max_open_conns {
            invalid.add(field_path(field, "maxIdleConns"), "must not be above maxOpenConns");
        }
        if self.statement_timeout.as_deref().is_some_and(|text| !is_statement_timeout(text)) {
            invalid.add(
                field_path(field, "statementTimeout"),
                "must be a number and one of the units us, ms, s, min, h, d, such as 30s",
            );
        }
    }
}

/// Digits, a blank or none, and a unit or none: what clients accept.
fn is_statement_timeout(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let unit = text[digits..].strip_prefix(' ').unwrap_or(&text[digits..]);
    (1..=12).contains(&digits) && ["", "us", "ms", "s", "min", "h", "d"].contains(&unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::any_text::any_text;
    use proptest::prelude::*;

    fn faults(open: u32, idle: u32, timeout: Option<&str>) -> Vec<String> {
        let settings = ConnectionSettings {
            max_open_conns: open,
            max_idle_conns: idle,
            statement_timeout: timeout.map(str::to_owned),
        };
        let mut invalid = Invalid::default();
        settings.check("connectionSettings", &mut invalid);
        invalid.problems().iter().map(|fault| fault.field.clone()).collect()
    }

    #[test]
    fn limits_are_checked() {
        assert!(faults(40, 8, Some("30s")).is_empty());
        assert!(faults(0, 8, None).is_empty());
        assert_eq!(faults(4, 8, None), ["connectionSettings.maxIdleConns"]);
        assert_eq!(faults(10_001, 0, Some("soon")).len(), 2);
    }

    #[test]
    fn a_time_is_written_as_clients_read_it() {
        for text in ["0", "1500", "30s", "30 s", "5min", "1h", "2d", "10us"] {
            assert!(is_statement_timeout(text), "{text}");
        }
        for text in ["", "s", "30  s", "30S", "-1", "1.5s", "30s ", "1m", "1234567890123"] {
            assert!(!is_statement_timeout(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_time_or_none(text in any_text(), number in 0_u64..1_000_000_000_000) {
            prop_assert!(!is_statement_timeout(&text) || text.starts_with(|first: char| first.is_ascii_digit()));
            let written = format!("{number}ms");
            prop_assert!(is_statement_timeout(&written));
        }
    }
}
