//! What was found about one thing.

use serde::Serialize;

/// How grave it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    /// It is well.
    Ok,
    /// The service works, but somebody should look at it.
    Warning,
    /// Something outside of the configuration is wrong: it may pass.
    Fault,
    /// The configuration must change.
    Misconfigured,
}

/// What was found about one thing.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) subject: &'static str,
    pub(super) verdict: Verdict,
    pub(super) detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fix: Option<String>,
}

impl Row {
    pub(super) fn well(subject: &'static str, detail: impl Into<String>) -> Self {
        Self { subject, verdict: Verdict::Ok, detail: detail.into(), fix: None }
    }

    pub(super) fn warning(subject: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::bad(subject, Verdict::Warning, detail, fix)
    }

    pub(super) fn fault(subject: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::bad(subject, Verdict::Fault, detail, fix)
    }

    pub(super) fn misconfigured(
        subject: &'static str,
        detail: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self::bad(subject, Verdict::Misconfigured, detail, fix)
    }

    fn bad(
        subject: &'static str,
        verdict: Verdict,
        detail: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { subject, verdict, detail: detail.into(), fix: Some(fix.into()) }
    }
}
