//! What a change leaves in the document of its record until it is moved out.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{AuditEntry, CommittedWrite, LedgerRow, TenantEvent, Timestamp};
use serde::{Deserialize, Serialize};

use super::fault::Fault;
use crate::journal::Journal;

/// One thing that was left behind. It is kept as JSON text, as records are, and taken out by that text, which no other has:
/// each holds an id of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Entry {
    Event {
        /// Its place among the events of one change.
        index: u32,
        event: TenantEvent,
    },
    Audit(AuditEntry),
    Ledger(DoneWrite),
}

/// A write that was committed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DoneWrite {
    /// The id of its row.
    pub(super) write: String,
    pub(super) caller: String,
    /// The try that committed it.
    pub(super) owner: String,
    fingerprint: String,
    /// Sealed, in Base64.
    answer: Option<String>,
    /// Milliseconds since 1970.
    pub(super) expires_at: i64,
}

impl DoneWrite {
    pub(super) fn of(row: &LedgerRow, now: Timestamp) -> Self {
        Self {
            write: row.key.cache_key(),
            caller: row.key.caller.to_string(),
            owner: row.owner.to_string(),
            fingerprint: row.fingerprint.to_string(),
            answer: row.sealed_answer.as_ref().map(|answer| STANDARD.encode(answer)),
            expires_at: now.after(row.ttl).millis(),
        }
    }

    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at <= now.millis()
    }

    pub(super) fn committed(&self) -> Result<CommittedWrite, Fault> {
        let answer = self.answer.as_ref().map(|answer| STANDARD.decode(answer));
        Ok(CommittedWrite {
            fingerprint: self.fingerprint.parse().map_err(Fault::value)?,
            sealed_answer: answer.transpose().map_err(Fault::value)?,
        })
    }
}

impl Journal {
    pub(super) fn entries(&self, now: Timestamp) -> Vec<Entry> {
        let events =
            (0..).zip(&self.events).map(|(index, event)| Entry::Event { index, event: event.clone() });
        let audit = Entry::Audit(self.audit.clone());
        let ledger = self.ledger.as_ref().map(|row| Entry::Ledger(DoneWrite::of(row, now)));
        events.chain([audit]).chain(ledger).collect()
    }
}
