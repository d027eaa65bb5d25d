//! What every change has in common: who asks, what a repeat is answered, and the story that is written with it.

use std::time::Duration;

use domain::{Actor, AuditAction, BoxError, EventKind, LedgerRow};
use serde_json::Value;

use crate::refusal::Refusal;

/// Makes the ledger's row from what came of a write: `None` for a write without a key. Called before the commit, perhaps
/// several times, so it changes nothing.
pub type Remember<'a, T> = &'a (dyn Fn(&T) -> Result<Option<LedgerRow>, BoxError> + Send + Sync);

/// Who writes, and what is remembered of it.
pub struct Writing<'a, T> {
    /// Who.
    pub actor: &'a Actor,
    /// What a repeat gets.
    pub remember: Remember<'a, T>,
}

impl<T> Clone for Writing<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Writing<'_, T> {}

impl<T> Writing<'_, T> {
    pub(crate) fn row(&self, outcome: &T) -> Result<Option<LedgerRow>, Refusal> {
        (self.remember)(outcome).map_err(Refusal::NotKept)
    }
}

/// What a change does besides changing the record.
pub(crate) struct Story {
    pub(crate) action: AuditAction,
    /// Below the tenant; empty for the tenant itself.
    pub(crate) target: String,
    pub(crate) events: Vec<EventKind>,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
    /// How long versions of secrets stay readable that the record does not refer to any more.
    pub(crate) overlap: Duration,
}

/// Whoever read the record before it was changed has the secret by then.
const USUAL_OVERLAP: Duration = Duration::from_secs(300);

impl Story {
    pub(crate) fn of(action: AuditAction, target: impl Into<String>) -> Self {
        let (target, overlap) = (target.into(), USUAL_OVERLAP);
        Self { action, target, events: Vec::new(), before: None, after: None, overlap }
    }
}
