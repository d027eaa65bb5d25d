//! What a change leaves behind besides the changed record.

use domain::{AuditEntry, LedgerRow, TenantEvent};

/// Written with the record, or not at all.
pub(crate) struct Journal {
    pub(crate) events: Vec<TenantEvent>,
    pub(crate) audit: AuditEntry,
    pub(crate) ledger: Option<LedgerRow>,
}
