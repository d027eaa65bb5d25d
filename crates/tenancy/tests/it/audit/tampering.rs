//! What somebody does to the rows is found.

use domain::{AuditPosition, ChainAnchor, ChainHead, LinkHash};
use tenancy::{AuditChain, Finding, GivenHead, verify};

use super::log::{DAY, Meddled, Process, all_chained, leave};
use crate::desk::{Desk, ring};

/// A log of ten rows, and its end as the service told it.
async fn chained(desk: &Desk) -> (std::sync::Arc<Meddled>, GivenHead) {
    let log = desk.parts.audit.clone();
    let process = Process::start(desk, log.clone(), DAY);
    leave(desk, 10).await;
    all_chained(&log).await;
    process.stop().await;
    let head = log.chain_head().await.unwrap();
    let signed = AuditChain::of(&ring()).sign(head, desk.parts.clock.now().into());
    (Meddled::with(log), signed.to_string().parse().unwrap())
}

async fn findings(log: &Meddled, heads: &[GivenHead]) -> Vec<Finding> {
    verify(log, &AuditChain::of(&ring()), heads).await.unwrap().findings
}

#[tokio::test]
async fn removed_altered_and_cut_off_rows_are_found() {
    let desk = Desk::new();
    let (log, head) = chained(&desk).await;
    let heads = [head];
    assert_eq!(findings(&log, &heads).await, []);
    log.tamper(|rows| drop(rows.remove(4)));
    assert_eq!(findings(&log, &heads).await, [Finding::Missing { from: 5, to: 5 }]);
    log.tamper(|rows| rows[4].document = rows[4].document.replace("\"ana\"", "\"eve\""));
    let altered = findings(&log, &heads).await;
    // What it is found by was not changed with it.
    assert_eq!(altered.len(), 2, "{altered:?}");
    assert!(altered.contains(&Finding::Altered { sequence: 5 }), "{altered:?}");
    log.tamper(|rows| rows[4].index.actor = "eve".to_owned());
    assert_eq!(findings(&log, &heads).await, [Finding::Misfiled { sequence: 5 }]);
    log.tamper(|rows| {
        rows.swap(4, 5);
        for (row, sequence) in rows[4..6].iter_mut().zip(5..) {
            row.sequence = sequence;
            row.place = AuditPosition::of(row.index.at, sequence).as_str().to_owned();
        }
    });
    assert_eq!(findings(&log, &heads).await, [Finding::WrongLinks { from: 5, to: 7 }]);
    log.tamper(|rows| rows.truncate(8));
    assert_eq!(findings(&log, &[]).await, [], "which shows against a head only");
    assert_eq!(findings(&log, &heads).await, [Finding::Truncated { last: 8, head: 10 }]);
    log.tamper(Vec::clear);
    assert_eq!(findings(&log, &heads).await, [Finding::Truncated { last: 0, head: 10 }]);
}

#[tokio::test]
async fn a_forged_beginning_is_found() {
    let desk = Desk::new();
    let (log, head) = chained(&desk).await;
    let rows = domain::AuditLog::chained_after(log.as_ref(), 0, 10).await.unwrap();
    // The first three rows are gone, and the chain is said to begin behind them.
    log.tamper(|rows| drop(rows.drain(..3)));
    let signature = LinkHash::from_bytes([9; 32]);
    let key = rows[2].key.clone();
    log.forge(ChainAnchor { head: ChainHead::from(&rows[2]), at: domain::Timestamp::ZERO, key, signature });
    assert_eq!(findings(&log, &[head]).await, [Finding::ForgedAnchor { sequence: 3 }]);
}
