//! One line of the table.

use crate::output;

/// What was found about one thing.
pub(super) struct Row {
    subject: &'static str,
    detail: String,
    fault: Option<Fault>,
}

struct Fault {
    fix: String,
    misconfigured: bool,
}

impl Row {
    /// It is well.
    pub(super) fn well(subject: &'static str, detail: impl Into<String>) -> Self {
        Self { subject, detail: detail.into(), fault: None }
    }

    /// Something outside of the configuration is wrong: it may pass.
    pub(super) fn fault(subject: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { subject, detail: detail.into(), fault: Some(Fault { fix: fix.into(), misconfigured: false }) }
    }

    /// The configuration must change.
    pub(super) fn misconfigured(
        subject: &'static str,
        detail: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { subject, detail: detail.into(), fault: Some(Fault { fix: fix.into(), misconfigured: true }) }
    }

    pub(super) fn is_fault(&self) -> bool {
        self.fault.is_some()
    }

    pub(super) fn is_misconfigured(&self) -> bool {
        self.fault.as_ref().is_some_and(|fault| fault.misconfigured)
    }

    pub(super) fn print(&self) {
        let verdict = if self.is_fault() { "FAULT" } else { "ok" };
        output::line(&format!("{:<14} {verdict:<6} {}", self.subject, self.detail));
        if let Some(fault) = &self.fault {
            output::line(&format!("{:<14} {:<6} {}", "", "fix:", fault.fix));
        }
    }
}
