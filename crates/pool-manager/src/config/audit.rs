//! How long the audit log is kept.

use std::time::Duration;

use serde::Deserialize;

use super::values::duration;
use super::{Problem, Variable, Variables};

const DAY: Duration = Duration::from_secs(86_400);
const DEFAULT_RETENTION: Duration = DAY.saturating_mul(400);
const SHORTEST: Duration = DAY;
const LONGEST: Duration = DAY.saturating_mul(3_660);

pub(super) const VARIABLES: &[Variable] = &[Variable::new(
    "AUDIT_RETENTION",
    "`9600h`",
    "How long rows of the audit log are kept, `24h` to `87840h`",
)];

/// How long the audit log is kept.
#[derive(Debug, Clone)]
pub struct AuditConfig {
    /// How long a row is kept after it was chained.
    pub retention: Duration,
}

#[derive(Default, Deserialize)]
pub(super) struct AuditVariables {
    retention: Option<String>,
}

impl AuditConfig {
    pub(super) fn read(environment: &Variables, problems: &mut Vec<Problem>) -> Self {
        let variables: AuditVariables = environment.section("AUDIT_", problems);
        let expected = "a duration from 24h to 87840h, such as 9600h";
        let allowed = (DEFAULT_RETENTION, SHORTEST..=LONGEST);
        Self { retention: duration("AUDIT_RETENTION", &variables.retention, allowed, expected, problems) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_bounded() {
        let read = |value| {
            let mut problems = Vec::new();
            let environment = Variables::from([("AUDIT_RETENTION", value)]);
            (AuditConfig::read(&environment, &mut problems).retention, problems.len())
        };
        assert_eq!(read(""), (DEFAULT_RETENTION, 0));
        assert_eq!(read("2160h"), (DAY * 90, 0));
        for wrong in ["0", "400", "23h", "87841h", "for ever"] {
            assert_eq!(read(wrong), (DEFAULT_RETENTION, 1), "{wrong}");
        }
    }
}
