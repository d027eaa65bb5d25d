//! Everything that was found, for people and for programs.

use serde::Serialize;

use super::row::{Row, Verdict};
use crate::failure::Failure;
use crate::output;

/// Everything that was found.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// The gravest of the rows.
    verdict: Verdict,
    checks: Vec<Row>,
}

impl Report {
    pub(super) fn of(checks: Vec<Row>) -> Self {
        Self { verdict: checks.iter().map(|row| row.verdict).max().unwrap_or(Verdict::Ok), checks }
    }

    pub(super) fn print_json(&self) {
        output::json(self);
    }

    pub(super) fn print_table(&self) {
        for row in &self.checks {
            let verdict = match row.verdict {
                Verdict::Ok => "ok",
                Verdict::Warning => "WARN",
                Verdict::Fault | Verdict::Misconfigured => "FAULT",
            };
            output::line(&format!("{:<14} {verdict:<6} {}", row.subject, output::printable(&row.detail)));
            if let Some(fix) = &row.fix {
                output::line(&format!("{:<14} {:<6} {fix}", "", "fix:"));
            }
        }
    }

    /// # Errors
    /// When a row is a fault. A warning is none.
    pub(super) fn outcome(&self) -> Result<(), Failure> {
        match self.checks.iter().filter(|row| row.verdict >= Verdict::Fault).count() {
            0 => Ok(()),
            faults => Err(Failure::Doctor { faults, misconfigured: self.verdict == Verdict::Misconfigured }),
        }
    }
}
