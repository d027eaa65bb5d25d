//! What the checks came to.

use std::time::{Duration, Instant};

use crate::command::Failure;

/// What the checks came to, in order.
#[derive(Default)]
pub(super) struct Table {
    rows: Vec<Row>,
}

struct Row {
    name: String,
    failure: Option<String>,
    took: Duration,
}

impl Table {
    /// Runs a check, and keeps what it came to.
    pub(super) fn check(&mut self, name: &str, check: impl FnOnce() -> Result<(), Failure>) {
        let began = Instant::now();
        let failure = check().err().map(|failure| failure.to_string());
        self.rows.push(Row { name: name.to_owned(), failure, took: began.elapsed() });
    }

    pub(super) fn print(&self) {
        let width = self.rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
        println!("\n{:<width$}  outcome   seconds", "check");
        for row in &self.rows {
            let outcome = if row.failure.is_some() { "FAILED" } else { "passed" };
            println!("{:<width$}  {outcome:<7}  {:>8.1}", row.name, row.took.as_secs_f64());
            if let Some(failure) = &row.failure {
                println!("{:<width$}  {failure}", "");
            }
        }
    }

    /// # Errors
    /// When a check failed.
    pub(super) fn outcome(&self) -> Result<(), Failure> {
        match self.rows.iter().filter(|row| row.failure.is_some()).count() {
            0 => Ok(()),
            failed => Err(Failure::Checks { failed }),
        }
    }
}
