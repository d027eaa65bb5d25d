//! What the tests beside the code share.

use domain::UnchainedRow;
use seal::{KeyRing, SealingKey};

use super::chain::AuditChain;

/// With keys of one byte each.
pub(super) fn chain(keys: &[u8]) -> AuditChain {
    let keys = keys.iter().map(|byte| SealingKey::from_bytes([*byte; 32]));
    AuditChain::of(&KeyRing::of(keys).unwrap())
}

/// A row that says this.
pub(super) fn row(text: &str) -> UnchainedRow {
    let document =
        format!(r#"{{"id":"id of {text}","at":1,"actor":"ana","action":"update","target":"{text}"}}"#);
    UnchainedRow { id: format!("id of {text}"), document }
}
