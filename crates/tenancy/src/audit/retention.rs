//! Removing what is old, so that the rest stays a chain.

use domain::{AuditLog, ChainAnchor, ChainHead, StoreUnavailable, Timestamp};
use seal::MacError;

use super::chain::AuditChain;

/// Rows that are looked at together.
const PAGE: usize = 200;

/// What came of one pass.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Removed {
    /// Rows that are gone.
    pub(super) removed: u64,
    /// Whether another pass may find more.
    pub(super) has_more: bool,
}

impl Removed {
    const NOTHING: Self = Self { removed: 0, has_more: false };
}

/// Removes the first rows, as far as they were chained before `before`, but never the last of all, which tells the next number.
/// The chain then begins behind an anchor. Rows that do not fit together stay: to remove them would hide what was done to them.
pub(super) async fn remove_old(
    log: &dyn AuditLog,
    chain: &AuditChain,
    before: Timestamp,
    now: Timestamp,
) -> Result<Removed, StoreUnavailable> {
    let former = log.chain_anchor().await?;
    if former.as_ref().is_some_and(|former| chain.check_anchor(former) == Err(MacError::Different)) {
        tracing::error!("the beginning of the audit log is forged: no row is removed");
        return Ok(Removed::NOTHING);
    }
    let begin = former.as_ref().map_or(ChainHead::BEGINNING, |former| former.head);
    let rows = log.chained_after(begin.sequence, PAGE + 1).await?;
    let (mut head, mut unknown, mut is_broken) = (begin, 0_u64, false);
    for row in rows.iter().take(rows.len().saturating_sub(1)) {
        if row.chained_at >= before {
            break;
        }
        let is_next = row.sequence == head.sequence + 1;
        match chain.check_link(&head.link, row) {
            Err(MacError::Different) => is_broken = true,
            _ if !is_next => is_broken = true,
            Err(MacError::UnknownKey) => unknown += 1,
            Ok(()) => {}
        }
        if is_broken {
            tracing::error!(
                sequence = row.sequence,
                "the audit log is broken here and no row from here on is removed: run `pool-manager audit verify`"
            );
            break;
        }
        head = ChainHead::from(row);
    }
    if unknown > 0 {
        tracing::warn!(
            unknown,
            "old rows of the audit log are removed whose key is not in the ring any more"
        );
    }
    let removed = match anchor(log, chain, former, head, now).await? {
        Some(anchor) => log.remove_chained(&anchor).await?,
        None => 0,
    };
    Ok(Removed { removed, has_more: removed > 0 && !is_broken })
}

/// Where the chain is to begin; `None` where it begins there and nothing is left before.
async fn anchor(
    log: &dyn AuditLog,
    chain: &AuditChain,
    former: Option<ChainAnchor>,
    head: ChainHead,
    now: Timestamp,
) -> Result<Option<ChainAnchor>, StoreUnavailable> {
    let Some(former) = former else {
        return Ok((head.sequence > 0).then(|| chain.anchor(head, now)));
    };
    // An older key may leave the ring. What cannot be checked is not signed anew: that would make it good.
    if head.sequence > former.head.sequence
        || (!chain.is_newest(&former) && chain.check_anchor(&former).is_ok())
    {
        return Ok(Some(chain.anchor(head, now)));
    }
    // A process may have died between the anchor and the removal.
    let first = log.chained_after(0, 1).await?;
    let is_left = first.first().is_some_and(|first| first.sequence <= former.head.sequence);
    Ok(is_left.then_some(former))
}
